#pragma once

#include <cstdint>

#include "heed/attention/rotary/rotary.h"

namespace heed {

/// The rotary positions of an attention layer, with the angles of all places that it has met.
class RotaryPositions {
public:
    RotaryPositions(int64_t head_dim, double base) : head_dim_(head_dim), base_(base) {}

    /// The first `heads` heads of x [batch, tokens, width] turned by their places (i32 [batch, tokens]; undefined:
    /// first_place and the following); see rotary.
    Variable rotate(Variable x, int64_t heads, const Tensor& places, int64_t first_place);

private:
    const Tensor& angles(Context& context, int64_t places);

    int64_t head_dim_;
    double base_;
    Tensor angles_;
};

}  // namespace heed
