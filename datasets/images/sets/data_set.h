#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "heed/datasets/files/data_search.h"
#include "heed/datasets/images/image_data.h"
#include "heed/datasets/images/image_options.h"

namespace heed {

/// What is known about a data set without its files, so that a recipe can be checked on a machine that lacks them.
struct ImageFacts {
    ImageShape shape;
    int64_t classes = 0;
    int64_t train_images = 0;  ///< of the official training set, before validation is taken out
    int64_t test_images = 0;
};

/// An image data set as the registry lists it. `make_options` makes the settings with this data set's defaults, `open`
/// takes them back (UserError where the files are missing or damaged).
struct ImageDataSet {
    std::string name;
    std::string summary;
    std::string how_to_get;
    std::optional<ImageFacts> facts;  ///< with the default settings; nothing where it depends on the files
    /// Changes the facts as these settings do; empty where none does.
    std::function<void(ImageFacts&, const ImageDataOptions&)> adapt_facts;
    /// The shape of the images with these settings where they tell it; empty where facts or files do.
    std::function<ImageShape(const ImageDataOptions&)> shape;
    std::optional<DataSearch> search;  ///< how its files are found; nothing where the user has to name them
    std::function<std::unique_ptr<ImageDataOptions>()> make_options;
    std::function<ImageData(const ImageDataOptions&)> open;

    /// The shape of the images where it is known without the files.
    std::optional<ImageShape> shape_with(const ImageDataOptions& options) const;

    /// What is known without the files when they are opened with these settings.
    std::optional<ImageFacts> facts_with(const ImageDataOptions& options) const;
};

}  // namespace heed
