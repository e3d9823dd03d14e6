#pragma once

#include <vector>

#include "heed/core/module/module.h"

namespace heed {

/// The fixed sine and cosine positions of Vaswani et al. (2017, section 3.5): [tokens, dim], row t, column 2i is
/// sin(t / 10000^(2i / dim)), column 2i + 1 the cosine of the same angle.
std::vector<float> sinusoidal_positions(int64_t tokens, int64_t dim);

/// What is added to each token to tell where it stands: a learned table or the fixed sines.
class Positions : public Module {
public:
    /// `learned`: parameter weight [tokens, dim], starts normal with deviation 0.02; else no parameter.
    Positions(int64_t tokens, int64_t dim, bool learned);

    /// [tokens, dim]
    Variable forward(Context& context);

private:
    int64_t tokens_;
    int64_t dim_;
    bool learned_;
    Parameter weight_;
    Tensor fixed_;
};

}  // namespace heed
