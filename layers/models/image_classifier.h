#pragma once

#include "heed/core/module/module.h"
#include "heed/layers/token_parts.h"

namespace heed {

/// What a data set tells an image model.
struct ImageGeometry {
    int64_t channels = 1;
    int64_t height = 0;
    int64_t width = 0;
    int64_t classes = 0;  ///< 0: the model has no head
};

/// Sizes of a transformer that sees an image as patches.
struct PatchTransformerShape {
    int64_t dim = 0;
    int64_t depth = 0;  ///< blocks
    int64_t heads = 0;
    int64_t rows = 0, columns = 0;    ///< of patches, whose tokens stand row after row
    bool class_token = false;         ///< in front of all others
    bool distillation_token = false;  ///< behind the class token
    bool distillation_head = false;   ///< reads it, beside the head that reads the class token

    /// Tokens in front of the patches.
    int64_t tokens_in_front() const { return (class_token ? 1 : 0) + (distillation_token ? 1 : 0); }
    int64_t tokens() const { return rows * columns + tokens_in_front(); }
};

/// A model from images [batch, channels, height, width] f32 to logits [batch, classes].
class ImageClassifier : public Module {
public:
    /// Throws Error without a head.
    virtual Variable forward(const Tensor& images, const ForwardState& state) = 0;

    /// What the head reads: one vector an image, [batch, features]. A model without classes has this alone.
    virtual Variable features(const Tensor& images, const ForwardState& state) = 0;

    /// Logits [parts, classes] of parts of one image [1, channels, height, width]: of each as though its other tokens
    /// were not there. The tokens in front of the patches have to be in every part. No gradient.
    virtual Variable forward_parts(const Tensor& image, const TokenParts& parts, const ForwardState& state) = 0;

    virtual PatchTransformerShape shape() const = 0;
    /// Tokens that the attention layers see, class token included.
    int64_t tokens() const { return shape().tokens(); }
    /// Multiply-adds of the matrix products of one forward pass over one image.
    virtual int64_t multiplies() const = 0;
};

}  // namespace heed
