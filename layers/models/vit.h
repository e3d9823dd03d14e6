#pragma once

#include <memory>

#include "heed/attention/stack_attention.h"
#include "heed/core/settings/fields.h"
#include "heed/layers/layer_norm.h"
#include "heed/layers/models/image_classifier.h"

namespace heed {

/// Settings of the vision transformer (Dosovitskiy et al., ICLR 2021).
struct VitOptions : Options {
    int64_t dim = 64;
    int64_t depth = 4;
    int64_t heads = 4;
    int64_t mlp_dim = 128;
    int64_t patch = 4;
    int64_t overlap = 0;
    double dropout = 0.0;
    double drop_path = 0.0;
    std::string norm = "pre";
    double norm_epsilon = LayerNorm::default_epsilon;
    std::string pool = "class";
    std::string distillation = "none";
    std::string positions = "learned";
    std::string activation = "gelu";
    bool checkpoint_activations = false;

    void describe(Fields& fields) override;
    void validate() const override;
};

/// Patches, a class token (or mean pooling), positions, an encoder and a linear head. Throws UserError when the patch
/// does not divide the image or the heads do not divide the dimension.
std::unique_ptr<ImageClassifier> make_vit(const VitOptions& options, const StackAttention& attention,
                                          const ImageGeometry& images);

}  // namespace heed
