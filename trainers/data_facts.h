#pragma once

#include <optional>
#include <string>
#include <vector>

#include "heed/datasets/image_data.h"
#include "heed/layers/image_classifier.h"

namespace heed {

/// How images have to be given to a model.
struct ImageInput {
    ImageShape shape;
    Normalisation normalisation;
};

/// What has to be known about a data set to use a model that was trained on it; kept in every checkpoint.
struct DataFacts {
    std::string name;
    std::vector<std::string> class_names;  ///< empty where nothing is classified
    std::optional<ImageInput> images;      ///< of an image model

    static DataFacts of(const ImageData& data);
    /// Of an image model. Throws Error for another.
    const ImageInput& image_input() const;
    ImageGeometry image_geometry() const;

    std::string to_json() const;
    /// Reads it back. Throws UserError, naming what is missing or cannot be.
    static DataFacts from_json(const std::string& text);
};

}  // namespace heed
