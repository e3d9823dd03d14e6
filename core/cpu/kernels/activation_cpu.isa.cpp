#include "heed/core/cpu/kernels/sum_rows.h"
#include "heed/core/kernels/activation_kernels.h"
#include "heed/core/kernels/grain.h"
#include "heed/core/simd/bf16.h"
#include "heed/core/simd/math.h"

namespace heed::HEED_ISA {

namespace {

struct Relu {
    HEED_SIMD vf value(vf x) { return vmax(zero(), x); }
    HEED_SIMD vf gradient(vf x, vf dy) { return select(x <= 0.0F, zero(), dy); }
};

/// x without the far tails, where gelu is 0 or x in float but infinity times zero would be NaN. NaN stays NaN.
HEED_SIMD vf above(float limit, vf x) {
    return vmax(broadcast(limit), x);
}
HEED_SIMD vf within(float limit, vf x) {
    return vmin(broadcast(limit), above(-limit, x));
}

/// With z = |x|, the normal distribution at -z is exp(-z^2 / 2) p(z), where p is a polynomial; at z it is 1 minus that.
/// So the distribution and its density need one exponential together. Where z p(z) is off, the exponential is small:
/// what is left of the polynomial's error in x times the distribution is below 9e-9 everywhere.
struct Gelu {
    HEED_SIMD vf bell(vf z) { return exp_nonpositive(-0.5F * (z * z)); }
    HEED_SIMD vf polynomial(vf z) {
        vf p = broadcast(4.50000242e-08F);
        p = fma(p, z, broadcast(-1.29598615e-06F));
        p = fma(p, z, broadcast(1.68837631e-05F));
        p = fma(p, z, broadcast(-0.000133174487F));
        p = fma(p, z, broadcast(0.000722522627F));
        p = fma(p, z, broadcast(-0.00292791430F));
        p = fma(p, z, broadcast(0.00947388560F));
        p = fma(p, z, broadcast(-0.0258942160F));
        p = fma(p, z, broadcast(0.0621601989F));
        p = fma(p, z, broadcast(-0.132882445F));
        p = fma(p, z, broadcast(0.249985232F));
        p = fma(p, z, broadcast(-0.398941412F));
        return fma(p, z, broadcast(0.499999992F));
    }
    /// x (1 - b p) for positive x, x b p for negative x.
    HEED_SIMD vf value(vf x) {
        const vf z = vmin(broadcast(16.0F), abs(x));
        return vmax(zero(), x) - z * (bell(z) * polynomial(z));
    }
    /// b p - z b / sqrt(2 pi) at -z, 1 minus that at z.
    HEED_SIMD vf gradient(vf x, vf dy) {
        const vf z = vmin(broadcast(16.0F), abs(x));
        const vf left = bell(z) * fma(z, broadcast(-0.398942280F), polynomial(z));
        return dy * select(x < 0.0F, left, 1.0F - left);
    }
};

/// (1 + tanh u) / 2 = 1 / (1 + e) with e = exp(-2 u), u = sqrt(2 / pi) (x + 0.044715 x^3).
struct GeluTanh {
    /// exp(-2 u), cut where 1 / (1 + e) is no longer a normal number.
    HEED_SIMD vf exponential(vf x) {
        const vf minus_2u = x * fma(x * x, broadcast(-0.0713548163F), broadcast(-1.59576912F));
        return exp_nonpositive(vmin(broadcast(87.0F), minus_2u));
    }
    HEED_SIMD vf value(vf x) { return above(-16.0F, x) / (1.0F + exponential(x)); }
    HEED_SIMD vf gradient(vf x, vf dy) {
        const vf t = within(16.0F, x);
        const vf e = exponential(t);
        const vf s = 1.0F / (1.0F + e);
        const vf two_du = fma(t * t, broadcast(0.214064449F), broadcast(1.59576912F));
        return dy * fma(t * two_du, (e * s) * s, s);
    }
};

/// x s with the logistic function s = 1 / (1 + e), e = exp(-x).
struct Silu {
    /// Cut where s is no longer a normal number.
    HEED_SIMD vf exponential(vf x) { return exp_nonpositive(vmin(broadcast(87.0F), -x)); }
    HEED_SIMD vf value(vf x) { return above(-100.0F, x) / (1.0F + exponential(x)); }
    HEED_SIMD vf gradient(vf x, vf dy) {
        const vf t = within(100.0F, x);
        const vf e = exponential(t);
        const vf s = 1.0F / (1.0F + e);
        return dy * fma(t, (e * s) * s, s);
    }
};

struct Tanh {
    HEED_SIMD vf value(vf x) { return tanh(x); }
    /// 1 - tanh^2 = 4 e / (1 + e)^2 with e = exp(-2 |x|), which is exact in the tails too.
    HEED_SIMD vf gradient(vf x, vf dy) {
        const vf e = exp_nonpositive(-2.0F * vmin(broadcast(50.0F), abs(x)));
        const vf s = 1.0F / (1.0F + e);
        return dy * (4.0F * e * s) * s;
    }
};

template <class F, class Element>
void forward_of(const Element* x, Element* y, int64_t n) {
    parallel_for(n, chunk_elements, [=](int64_t begin, int64_t end) {
        for_lanes(end - begin, [=](int64_t j, int64_t count)
                                   HEED_INLINE { store(y + begin + j, F::value(load(x + begin + j, count)), count); });
    });
}

template <class F, class Element>
void backward_of(const Element* x, const Element* dy, Element* dx, int64_t n) {
    parallel_for(n, chunk_elements, [=](int64_t begin, int64_t end) {
        for_lanes(end - begin, [=](int64_t j, int64_t count) HEED_INLINE {
            const int64_t i = begin + j;
            store(dx + i, F::gradient(load(x + i, count), load(dy + i, count)), count);
        });
    });
}

template <class F, class Element>
void backward_bias_of(const ActivationBiasBackward& a, const Element* x, const Element* dy, Element* dx) {
    const int64_t width = a.width;
    sum_rows_of<1>(a.rows, width, a.workspace, a.dbias, a.accumulate,
                   [=](int64_t row, int64_t j, int64_t count) HEED_INLINE {
                       const int64_t i = row * width + j;
                       const vf gradient = F::gradient(load(x + i, count), load(dy + i, count));
                       store(dx + i, gradient, count);
                       return gradient;
                   });
}

/// Calls body.operator()<F>() for the function of that kind.
template <class Body>
HEED_SIMD void with_function(Activation kind, const Body& body) {
    switch (kind) {
        case Activation::relu:
            return body.template operator()<Relu>();
        case Activation::gelu:
            return body.template operator()<Gelu>();
        case Activation::gelu_tanh:
            return body.template operator()<GeluTanh>();
        case Activation::silu:
            return body.template operator()<Silu>();
        case Activation::tanh:
            return body.template operator()<Tanh>();
    }
}

void activation_forward(Activation kind, ConstElements x, Elements y, int64_t n) {
    with_function(kind,
                  [&]<class F>() { with_pointers([&](auto*... pointers) { forward_of<F>(pointers..., n); }, x, y); });
}

void activation_backward(Activation kind, ConstElements x, ConstElements dy, Elements dx, int64_t n) {
    with_function(
        kind, [&]<class F>() { with_pointers([&](auto*... pointers) { backward_of<F>(pointers..., n); }, x, dy, dx); });
}

void backward_bias(const ActivationBiasBackward& a) {
    with_function(a.kind, [&]<class F>() {
        with_pointers([&](auto*... pointers) { backward_bias_of<F>(a, pointers...); }, a.x, a.dy, a.dx);
    });
}

int64_t backward_bias_workspace(int64_t rows, int64_t width) {
    return sum_rows_tiles(rows) * width;
}

}  // namespace

extern const ActivationKernels activation;
const ActivationKernels activation = {activation_forward, activation_backward, backward_bias, backward_bias_workspace};

}  // namespace heed::HEED_ISA
