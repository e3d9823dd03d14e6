#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "heed/attention/registry.h"
#include "heed/layers/image_classifier.h"

namespace heed {

/// One line of the registry of models.
struct ModelType {
    const char* name;
    const char* summary;
    std::unique_ptr<Options> (*make_options)();
    std::unique_ptr<ImageClassifier> (*make_image_classifier)(const Options& options, const AttentionChoice& attention,
                                                              const ImageGeometry& images);
};

/// All models, in the order in which they are shown.
std::span<const ModelType> model_types();

/// The model of that name. Throws UserError with the nearest name.
const ModelType& model_type(std::string_view name);

}  // namespace heed
