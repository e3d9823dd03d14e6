#pragma once

#include <cstdint>
#include <span>

#include "heed/attention/explanation/value_space.h"

namespace heed {

/// How a row of the least-norm distribution was found.
enum class LeastNormMethod : uint8_t {
    unchanged,     ///< no other distribution has this output: as many keys as the rank of [T, 1]
    affine_point,  ///< the least-norm vector with this output and sum is nowhere negative
    newton,        ///< Newton's method on the dual
    active_set,    ///< the dual active-set method
    given_row,     ///< no method reached its bounds: the row of A itself, which has the output but not the least norm
};

inline constexpr int least_norm_methods = 5;

/// "unchanged", "affine point" and so on.
const char* least_norm_method_name(LeastNormMethod method);

struct LeastNormRow {
    LeastNormMethod method = LeastNormMethod::unchanged;
    int64_t keys = 0;  ///< how many keys the query may use
    int64_t rank = 0;  ///< of [T, 1] over these keys
    int iterations = 0;
    /// The greatest error of x against the conditions of its optimality, with multipliers l: x_j = max(0, (U l)_j) at
    /// all keys. 0 for an unchanged row; not a number for a given one.
    double optimality_error = 0;
    /// |U'(x - a)|, greatest entry.
    double output_error = 0;
};

/// The distribution x of least norm with the output of the distribution a [keys]:
///
///     min |x|^2 / 2   subject to   x >= 0,   U'x = U'a,
///
/// where U is the basis of `space`, a `distribution_space` of the keys that the query may use. There is one, as a
/// itself is in the set, and only one; it is also the distribution in that set that is nearest to effective attention.
/// Derived here, not the algorithm of Naim and Asher (On Explaining with Attention Matrices, ECAI 2024).
///
/// x = max(0, U l) with multipliers l, and l maximises the dual, U'a.l - |max(0, U l)|^2 / 2, which is piecewise
/// quadratic. Newton's method with an exact line search finds its piece in a few steps where more weights stay above 0
/// than the rank; else the dual active-set method of Goldfarb and Idnani (Math. Programming 27, 1983) goes on from
/// where it stopped. Each of its steps raises the dual, so that zeros in a, with which a primal active set goes in
/// circles, do it no harm. What comes out is checked: `output_error` and `optimality_error` are within 1e-13 and 1e-9,
/// the sum within 1e-12, otherwise x = a.
LeastNormRow least_norm_row(const ValueSpace& space, std::span<const double> a, std::span<double> x);

}  // namespace heed
