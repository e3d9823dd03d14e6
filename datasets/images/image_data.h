#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "heed/datasets/images/image_options.h"
#include "heed/datasets/images/image_source.h"
#include "heed/datasets/images/normalisation.h"
#include "heed/datasets/split.h"

namespace heed {

/// Part of a source: `indices` are positions in it, ascending.
struct ImageSplit {
    std::shared_ptr<const ImageSource> source;
    std::vector<int64_t> indices;

    int64_t size() const { return static_cast<int64_t>(indices.size()); }
};

/// An opened image data set. Train and validation are disjoint parts of the official training set, or validation is a
/// set of its own; test is the official test set. Validation is empty where `data.validation` is 0.
struct ImageData {
    std::string name;
    std::filesystem::path folder;
    ImageSplit train;
    ImageSplit validation;
    ImageSplit test;
    Normalisation normalisation;
    /// What a user should know of the images, a sentence each: what stands in two splits or was left out.
    std::vector<std::string> remarks = {};

    const ImageShape& shape() const { return train.source->shape(); }
    const std::vector<std::string>& class_names() const { return train.source->class_names(); }
};

/// What decides on which side of a split an image is.
enum class SplitBy {
    place,    ///< its number: official sets, whose splits have to stay the same
    content,  ///< equal images are on one side, and no other image changes the side of an image (hold_back)
};

/// The sources that make a data set.
struct ImageParts {
    std::shared_ptr<const ImageSource> train;
    std::shared_ptr<const ImageSource> validation;  ///< null: a share of `train`, by `split_by`
    std::shared_ptr<const ImageSource> test;
    SplitBy split_by = SplitBy::place;
};

/// Puts a data set together: validation comes out of `train` as the options say, unless there is one. UserError where
/// the sources differ in shape or classes, or the normalisation does not fit the channels.
ImageData make_image_data(std::string name, std::filesystem::path folder, ImageParts parts,
                          const ImageDataOptions& options);

/// Keeps back about the share `fraction` of the images of a source, by content.
TrainValidation hold_back_images(const ImageSource& source, uint64_t seed, std::string_view part, double fraction);

/// Number of images of each class.
std::vector<int64_t> class_counts(const ImageSplit& split);

/// Several lines: where the data lies, shape, sizes, and a table of classes with their counts in each split.
std::string describe(const ImageData& data);

}  // namespace heed
