#include "heed/attention/convolution/token_convolution_kernels.h"
#include "heed/attention/heads/head_rows.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/loop.h"

// One task a head of a sample.

namespace heed::HEED_ISA {

namespace token_convolution_detail {

namespace {

int64_t tasks(const TokenConvolutionShape& shape) {
    return shape.batch * shape.heads;
}

int64_t tasks_at_once(const TokenConvolutionShape& shape) {
    return 1 + 20000 / (1 + shape.tokens * shape.size * shape.head_dim);
}

int64_t real_tokens(const TokenConvolutionShape& shape, int64_t sample) {
    return shape.lengths == nullptr ? shape.tokens : max(0, min(shape.lengths[sample], shape.tokens));
}

/// to += from * factor
HEED_SIMD void add_scaled(const float* from, float factor, int64_t count, float* to) {
    const vf times = broadcast(factor);
    int64_t c = 0;
    for (; c + lanes <= count; c += lanes) store(to + c, fma(load(from + c), times, load(to + c)));
    if (c == count) return;
    const int64_t rest = count - c;
    store_partial(to + c, fma(load_partial(from + c, rest), times, load_partial(to + c, rest)), rest);
}

HEED_SIMD vf add_products(const float* a, const float* b, int64_t count, vf sum) {
    int64_t c = 0;
    for (; c + lanes <= count; c += lanes) sum = fma(load(a + c), load(b + c), sum);
    return c == count ? sum : fma(load_partial(a + c, count - c), load_partial(b + c, count - c), sum);
}

void convolve(const TokenConvolutionForward& args, int64_t task) {
    const TokenConvolutionShape& shape = args.shape;
    const int64_t sample = task / shape.heads, head = task % shape.heads;
    const int64_t length = real_tokens(shape, sample), half = shape.size / 2;
    const Rows<const float> x = head_rows(args.x, sample, head);
    const Rows<float> y = head_rows(args.y, sample, head);
    const float* kernel = args.kernel + head * shape.size + half;
    fill_rows(y, 0, shape.tokens, shape.head_dim, 0.0F);
    for (int64_t t = 0; t < length; ++t) {
        const int64_t end = min(t + half + 1, length);
        for (int64_t s = max(t - half, 0); s < end; ++s) add_scaled(x.at(s), kernel[s - t], shape.head_dim, y.at(t));
    }
}

void convolve_backward(const TokenConvolutionBackward& args, int64_t task) {
    const TokenConvolutionShape& shape = args.shape;
    const int64_t sample = task / shape.heads, head = task % shape.heads;
    const int64_t length = real_tokens(shape, sample), half = shape.size / 2;
    const Rows<const float> dy = head_rows(args.dy, sample, head);
    if (args.dx.data != nullptr) {
        const Rows<float> dx = head_rows(args.dx, sample, head);
        const float* kernel = args.kernel + head * shape.size + half;
        for (int64_t s = 0; s < length; ++s) {
            const int64_t end = min(s + half + 1, length);
            for (int64_t t = max(s - half, 0); t < end; ++t) {
                add_scaled(dy.at(t), kernel[s - t], shape.head_dim, dx.at(s));
            }
        }
    }
    if (args.d_kernel == nullptr) return;
    const Rows<const float> x = head_rows(args.x, sample, head);
    float* d_kernel = args.d_kernel + task * shape.size;
    for (int64_t place = 0; place < shape.size; ++place) {
        const int64_t ahead = place - half;
        vf sum = zero();
        for (int64_t t = max(0, -ahead); t < min(length, length - ahead); ++t) {
            sum = add_products(dy.at(t), x.at(t + ahead), shape.head_dim, sum);
        }
        d_kernel[place] = hsum(sum);
    }
}

void forward(const TokenConvolutionForward& args) {
    parallel_for(tasks(args.shape), tasks_at_once(args.shape), [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) convolve(args, task);
    });
}

void backward(const TokenConvolutionBackward& args) {
    parallel_for(tasks(args.shape), tasks_at_once(args.shape), [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) convolve_backward(args, task);
    });
}

}  // namespace

}  // namespace token_convolution_detail

extern const TokenConvolutionKernels token_convolution;
const TokenConvolutionKernels token_convolution = {token_convolution_detail::forward,
                                                   token_convolution_detail::backward};

}  // namespace heed::HEED_ISA
