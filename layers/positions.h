#pragma once

#include <string>
#include <vector>

#include "heed/core/module/module.h"

namespace heed {

/// The fixed sine and cosine positions of Vaswani et al. (2017, section 3.5): [tokens, dim], row t, column 2i is
/// sin(t / 10000^(2i / dim)), column 2i + 1 the cosine of the same angle.
std::vector<float> sinusoidal_positions(int64_t tokens, int64_t dim);

/// The same numbers with all sines before all cosines, as Marian has them (Junczys-Dowmunt et al., ACL 2018): of row t,
/// column i < ceil(dim / 2) is column 2i of the other table, and column ceil(dim / 2) + i is column 2i + 1.
std::vector<float> halved_sinusoidal_positions(int64_t tokens, int64_t dim);

/// What is added to each token to tell where it stands: a learned table or the fixed sines.
class Positions : public Module {
public:
    /// `kind`: "learned", parameter weight [tokens, dim], which starts normal with deviation 0.02; else without a
    /// parameter "sinusoidal" or, for the other table, "sinusoidal_halves".
    Positions(int64_t tokens, int64_t dim, const std::string& kind);

    /// [tokens, dim]
    Variable forward(Context& context);

private:
    int64_t tokens_;
    int64_t dim_;
    bool learned_;
    bool halved_;
    Parameter weight_;
    Tensor fixed_;
};

}  // namespace heed
