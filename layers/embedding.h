#pragma once

#include "heed/core/module/module.h"

namespace heed {

/// A table of vectors: ids (i32, any shape) -> [..., dim]. Parameter: weight [vocabulary, dim], starts normal with
/// deviation 0.02.
class Embedding : public Module {
public:
    Embedding(int64_t vocabulary, int64_t dim);

    Variable forward(const Tensor& ids);

private:
    Parameter weight_;
};

}  // namespace heed
