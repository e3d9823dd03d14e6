#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace heed {

/// The relative precision of values: a direction in which they differ by less than this is taken for rounding.
/// `exact_values`: the numbers are what they are, so that A'T = A T holds for the stored T. `float_values`: they were
/// computed in f32, and directions that are rounding noise alone (tokens that are equal in exact arithmetic) are left
/// out; A'T = A T then holds to that precision.
inline constexpr double exact_values = 0x1p-52, float_values = 0x1p-23;

/// An orthonormal basis of the columns of a head's values: outputs of two rows of weights are equal where their
/// products with the basis are.
struct ValueSpace {
    int64_t keys = 0, rank = 0;
    std::vector<double> basis;  ///< U [keys, rank]
};

/// The space of the columns of T, the first `keys` rows of `values` [*, dim].
ValueSpace output_space(std::span<const double> values, int64_t keys, int64_t dim, double precision = exact_values);

/// The space of the columns of [T, 1]: that of T centred over the keys, and the constant vector, which comes first. A
/// value bias, the same for all keys, changes nothing. The rank is that of [T, 1].
ValueSpace distribution_space(std::span<const double> values, int64_t keys, int64_t dim,
                              double precision = exact_values);

/// y = U U'a, the projection of a row a [keys] on the space.
void project(const ValueSpace& space, std::span<const double> a, std::span<double> y);

}  // namespace heed
