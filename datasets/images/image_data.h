#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "heed/datasets/images/image_options.h"
#include "heed/datasets/images/image_source.h"
#include "heed/datasets/images/normalisation.h"

namespace heed {

/// Part of a source: `indices` are positions in it, ascending.
struct ImageSplit {
    std::shared_ptr<const ImageSource> source;
    std::vector<int64_t> indices;

    int64_t size() const { return static_cast<int64_t>(indices.size()); }
};

/// An opened image data set. Train and validation are disjoint parts of the official training set; test is the official
/// test set. Validation is empty where `data.validation` is 0.
struct ImageData {
    std::string name;
    std::filesystem::path folder;
    ImageSplit train;
    ImageSplit validation;
    ImageSplit test;
    Normalisation normalisation;

    const ImageShape& shape() const { return train.source->shape(); }
    const std::vector<std::string>& class_names() const { return train.source->class_names(); }
};

/// Puts a data set together: validation comes out of `train` as the options say. UserError where the two sources differ
/// in shape or classes, or the normalisation does not fit the channels.
ImageData make_image_data(std::string name, std::filesystem::path folder, std::shared_ptr<const ImageSource> train,
                          std::shared_ptr<const ImageSource> test, const ImageDataOptions& options);

/// Number of images of each class.
std::vector<int64_t> class_counts(const ImageSplit& split);

/// Several lines: where the data lies, shape, sizes, and a table of classes with their counts in each split.
std::string describe(const ImageData& data);

}  // namespace heed
