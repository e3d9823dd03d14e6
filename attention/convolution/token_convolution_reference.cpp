#include "heed/attention/convolution/token_convolution_kernels.h"
#include "heed/attention/heads/reference_heads.h"

namespace heed {

namespace {

/// Calls `visit(b, h, t, s, place)` for each token t and each token s within its reach, and the place of s in the
/// kernel.
template <class Visit>
void for_each_pair(const TokenConvolutionShape& shape, const Visit& visit) {
    for (int64_t b = 0; b < shape.batch; ++b) {
        const int64_t length = reference::real_length(shape.lengths, b, shape.tokens);
        for (int64_t h = 0; h < shape.heads; ++h) {
            for (int64_t t = 0; t < length; ++t) {
                for (int64_t place = 0; place < shape.size; ++place) {
                    const int64_t s = t + place - shape.size / 2;
                    if (s >= 0 && s < length) visit(b, h, t, s, place);
                }
            }
        }
    }
}

void forward_on_reference(const TokenConvolutionForward& args) {
    const TokenConvolutionShape& shape = args.shape;
    const float* kernel = reference_address(args.kernel);
    for (int64_t b = 0; b < shape.batch; ++b) {
        for (int64_t h = 0; h < shape.heads; ++h) {
            for (int64_t t = 0; t < shape.tokens; ++t) {
                std::fill_n(reference::row(args.y, b, h, t), shape.head_dim, 0.0F);
            }
        }
    }
    for_each_pair(shape, [&](int64_t b, int64_t h, int64_t t, int64_t s, int64_t place) {
        const float* x = reference::row(args.x, b, h, s);
        float* y = reference::row(args.y, b, h, t);
        for (int64_t c = 0; c < shape.head_dim; ++c) y[c] += kernel[h * shape.size + place] * x[c];
    });
}

void backward_on_reference(const TokenConvolutionBackward& args) {
    const TokenConvolutionShape& shape = args.shape;
    const float* kernel = reference_address(args.kernel);
    float* d_kernel = reference_address(args.d_kernel);
    if (d_kernel) std::fill_n(d_kernel, shape.batch * shape.heads * shape.size, 0.0F);
    for_each_pair(shape, [&](int64_t b, int64_t h, int64_t t, int64_t s, int64_t place) {
        const float* dy = reference::row(args.dy, b, h, t);
        if (args.dx.data) {
            float* dx = reference::row(args.dx, b, h, s);
            for (int64_t c = 0; c < shape.head_dim; ++c) dx[c] += kernel[h * shape.size + place] * dy[c];
        }
        if (!d_kernel) return;
        d_kernel[(b * shape.heads + h) * shape.size + place] +=
            static_cast<float>(reference::dot(dy, reference::row(args.x, b, h, s), shape.head_dim));
    });
}

}  // namespace

const TokenConvolutionKernels& token_convolution_reference() {
    static constexpr TokenConvolutionKernels kernels = {forward_on_reference, backward_on_reference};
    return kernels;
}

}  // namespace heed
