#pragma once

#include "heed/core/module/module.h"

namespace heed {

/// What a data set tells an image model.
struct ImageGeometry {
    int64_t channels = 1;
    int64_t height = 0;
    int64_t width = 0;
    int64_t classes = 0;
};

/// A model from images [batch, channels, height, width] f32 to logits [batch, classes].
class ImageClassifier : public Module {
public:
    virtual Variable forward(const Tensor& images, const ForwardState& state) = 0;

    /// Attention weights of block `block`, [batch, heads, tokens, tokens].
    virtual Tensor attention_weights(const Tensor& images, int64_t block) = 0;

    /// Tokens that the attention layers see, class token included.
    virtual int64_t tokens() const = 0;
    /// Multiply-adds of the matrix products of one forward pass over one image.
    virtual int64_t multiplies() const = 0;
};

}  // namespace heed
