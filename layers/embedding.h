#pragma once

#include "heed/core/module/module.h"

namespace heed {

/// A table of vectors: ids (i32, any shape) -> [..., dim]. Parameter: weight [vocabulary, dim], starts normal with
/// some deviation.
class Embedding : public Module {
public:
    Embedding(int64_t vocabulary, int64_t dim, double deviation = 0.02);

    /// The vectors times `scale`.
    Variable forward(const Tensor& ids, float scale = 1.0f);
    /// The scalar products of x [..., dim] with all vectors of the table, [..., vocabulary], plus a bias [vocabulary]
    /// where it is defined: the output layer of a model with tied embeddings. Both uses add to one gradient.
    Variable products(const Variable& x, const Variable& bias);

    int64_t vocabulary() const { return weight_.shape()[0]; }
    int64_t dim() const { return weight_.shape()[1]; }

private:
    Parameter weight_;
};

}  // namespace heed
