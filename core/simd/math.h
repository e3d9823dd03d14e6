#pragma once

// exp, log and tanh on whole vectors. Polynomials are minimax fits over the stated range; their own error is below
// 2e-8 relative, the rest is rounding. Bounds in the comments are held by tests/core/simd_math_test.cpp.

#include "heed/core/simd/vector.h"

namespace heed::HEED_ISA {

namespace detail {

/// 2^n for -126 <= n <= 127; 0 for n = -127.
HEED_SIMD vf power_of_two(vi n) {
    return as_float((n + 127) << 23);
}

/// x = n ln 2 + f with |f| <= ln(2) / 2: returns e^f and n. Takes any x with |x| < 2^21; NaN stays NaN.
HEED_SIMD vf exp_reduced(vf x, vi* n) {
    // Adding 1.5 * 2^23 rounds to the nearest integer, which then stands in the low bits.
    const vf magic = broadcast(12582912.0F);
    const vf shifted = fma(x, broadcast(1.44269504F), magic);
    const vf rounded = shifted - magic;
    *n = as_int(shifted) - as_int(magic);
    // ln 2 in two parts: n times the first, short one is exact.
    vf f = fma(rounded, broadcast(-0.693359375F), x);
    f = fma(rounded, broadcast(2.12194440e-4F), f);
    vf p = broadcast(0.00138145406F);
    p = fma(p, f, broadcast(0.00836874545F));
    p = fma(p, f, broadcast(0.041668389F));
    p = fma(p, f, broadcast(0.166665211F));
    p = fma(p, f, broadcast(0.49999994F));
    p = fma(p, f, broadcast(1.0F));
    return fma(p, f, broadcast(1.0F));
}

}  // namespace detail

/// e^x within 2 ulp. Overflow and +inf give inf, -inf gives 0, results below 2^-126 are denormal (0 under
/// flush-to-zero), NaN stays NaN.
HEED_SIMD vf exp(vf x) {
    x = vmin(broadcast(89.0F), vmax(broadcast(-104.5F), x));
    vi n;
    const vf p = detail::exp_reduced(x, &n);
    // Two factors, since 2^128 and 2^-150 are not numbers of their own.
    const vi half = n >> 1;
    return p * detail::power_of_two(half) * detail::power_of_two(n - half);
}

/// e^x within 2 ulp for x <= 88, as softmax needs it; about a third cheaper than exp. Below -87.68, and for -inf, the
/// result is exactly 0; NaN stays NaN. Larger x than 88 is not allowed.
HEED_SIMD vf exp_nonpositive(vf x) {
    x = vmax(broadcast(-88.0F), x);
    vi n;
    const vf p = detail::exp_reduced(x, &n);
    return p * detail::power_of_two(n);
}

/// Natural logarithm within 2 ulp. 0 (and a denormal under denormals-are-zero) gives -inf, inf gives inf, a negative
/// number or NaN gives NaN.
HEED_SIMD vf log(vf x) {
    const vi tiny = x < broadcast(1.17549435e-38F);
    const vf scaled = select(tiny, x * 8388608.0F, x);
    const vf exponent_offset = select(tiny, broadcast(-23.0F), zero());
    // scaled = 2^e m with sqrt(1/2) <= m < sqrt(2)
    const vi bits = as_int(scaled) - 0x3f3504f3;
    const vf e = to_float(bits >> 23) + exponent_offset;
    const vf f = as_float((bits & 0x007fffff) + 0x3f3504f3) - 1.0F;
    vf p = broadcast(-0.0763449743F);
    p = fma(p, f, broadcast(0.12761578F));
    p = fma(p, f, broadcast(-0.131601825F));
    p = fma(p, f, broadcast(0.142017573F));
    p = fma(p, f, broadcast(-0.166233569F));
    p = fma(p, f, broadcast(0.200012267F));
    p = fma(p, f, broadcast(-0.250008196F));
    p = fma(p, f, broadcast(0.333333313F));
    const vf f2 = f * f;
    vf r = fma(p * f, f2, e * -2.12194440e-4F);
    r = fma(f2, broadcast(-0.5F), r);
    r = fma(e, broadcast(0.693359375F), f + r);
    r = select(x == __builtin_inff(), x, r);
    r = select(x == 0.0F, broadcast(-__builtin_inff()), r);
    return select(x >= 0.0F, r, select(x == x, broadcast(__builtin_nanf("")), x));
}

/// Hyperbolic tangent within 3 ulp; +-1 at +-inf, keeps the sign of zero, NaN stays NaN.
HEED_SIMD vf tanh(vf x) {
    const vf t = abs(x);
    const vf s = x * x;
    vf p = broadcast(-0.00566697726F);
    p = fma(p, s, broadcast(0.0206061769F));
    p = fma(p, s, broadcast(-0.0537300073F));
    p = fma(p, s, broadcast(0.133313313F));
    p = fma(p, s, broadcast(-0.333332777F));
    const vf near_zero = fma(p * s, t, t);
    // vmin keeps a NaN; from 10 on tanh is 1 in float.
    const vf e = exp_nonpositive(-2.0F * vmin(broadcast(10.0F), t));
    const vf far = (1.0F - e) / (1.0F + e);
    return copysign(select(t < 0.625F, near_zero, far), x);
}

}  // namespace heed::HEED_ISA
