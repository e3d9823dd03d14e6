#pragma once

#include <cstdint>

#include "heed/core/autograd/variable.h"

namespace heed {

/// The cosines and sines of rotary positions, [places, 2, head_dim]: at place m the angle of components 2 i and 2 i + 1
/// is m base^(-2 i / head_dim); the sine of component 2 i is negative. head_dim is even.
Tensor rotary_angles(Context& context, int64_t places, int64_t head_dim, double base);

/// Which columns are rotated, and by how much.
struct Rotary {
    Tensor angles;      ///< rotary_angles
    int64_t heads = 1;  ///< the first heads * head_dim columns are rotated, the others stay
    /// The place of each token, i32 [batch, tokens]; undefined: first_place, first_place + 1, ...
    Tensor places = {};
    int64_t first_place = 0;
};

/// Rotary positions (Su et al., *RoFormer*, 2021, equation 34): of each head of x [batch, tokens, width], the
/// neighbouring components x_2i and x_2i+1 are turned by the angle of their token's place. The scalar product of two
/// tokens' heads then depends on the distance of their places alone. Saves angles and places. The memory of x is
/// written to where nobody else holds it. Throws Error where a place is behind the angles.
Variable rotary(Variable x, const Rotary& rotation);

}  // namespace heed
