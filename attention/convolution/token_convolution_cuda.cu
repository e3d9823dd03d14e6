#include "heed/attention/convolution/token_convolution_kernels.h"
#include "heed/core/cuda/for_each.cuh"
#include "heed/core/cuda/reduce.cuh"

// A thread for each number of the outputs and of the gradient of the inputs; a warp for each number of a kernel's.

namespace heed {

namespace token_convolution_card {

namespace {

using namespace cuda;

constexpr int kernel_threads = 256, warps = kernel_threads / warp_size;

__device__ int64_t real_tokens(const TokenConvolutionShape& shape, int64_t sample) {
    if (!shape.lengths) return shape.tokens;
    return min(max(int64_t{shape.lengths[sample]}, int64_t{0}), shape.tokens);
}

template <class View>
__device__ auto* row(const View& view, int64_t sample, int64_t head, int64_t token) {
    return view.data + sample * view.batch_stride + head * view.head_stride + token * view.token_stride;
}

/// Component c of token t of a head of a sample, numbered from 0 on.
struct Element {
    int64_t sample, head, token, component;

    __device__ Element(const TokenConvolutionShape& shape, int64_t index)
        : sample(index / shape.head_dim / shape.heads / shape.tokens),
          head(index / shape.head_dim % shape.heads),
          token(index / shape.head_dim / shape.heads % shape.tokens),
          component(index % shape.head_dim) {}
};

int64_t elements(const TokenConvolutionShape& shape) {
    return shape.batch * shape.tokens * shape.heads * shape.head_dim;
}

/// The sum over the tokens within reach of kernel[direction * (their distance)] times their component.
__device__ float convolved(const TokenConvolutionShape& shape, const ConstHeadView& x, const float* kernel,
                           const Element& at, int direction) {
    const int64_t half = shape.size / 2, length = real_tokens(shape, at.sample);
    if (at.token >= length) return 0;
    float sum = 0;
    const int64_t begin = max(at.token - half, int64_t{0}), end = min(at.token + half + 1, length);
    for (int64_t other = begin; other < end; ++other) {
        const float factor = kernel[at.head * shape.size + half + direction * (other - at.token)];
        sum += factor * row(x, at.sample, at.head, other)[at.component];
    }
    return sum;
}

__global__ void __launch_bounds__(kernel_threads) kernel_gradient_kernel(TokenConvolutionBackward a) {
    const TokenConvolutionShape& shape = a.shape;
    const int64_t number = int64_t{blockIdx.x} * warps + threadIdx.x / warp_size;
    if (number >= shape.batch * shape.heads * shape.size) return;
    const int64_t head = number / shape.size % shape.heads, sample = number / shape.size / shape.heads;
    const int64_t ahead = number % shape.size - shape.size / 2, length = real_tokens(shape, sample);
    const int64_t first = max(int64_t{0}, -ahead), pairs = min(length, length - ahead) - first;
    float sum = 0;
    for (int64_t i = threadIdx.x % warp_size; i < pairs * shape.head_dim; i += warp_size) {
        const int64_t token = first + i / shape.head_dim, component = i % shape.head_dim;
        sum += row(a.dy, sample, head, token)[component] * row(a.x, sample, head, token + ahead)[component];
    }
    sum = warp_reduce(sum, Sum{});
    if (threadIdx.x % warp_size == 0) a.d_kernel[number] = sum;
}

void forward(const TokenConvolutionForward& a) {
    for_each("token convolution", elements(a.shape), [a] __device__(int64_t index) {
        const Element at(a.shape, index);
        row(a.y, at.sample, at.head, at.token)[at.component] = convolved(a.shape, a.x, a.kernel, at, 1);
    });
}

void backward(const TokenConvolutionBackward& a) {
    if (a.dx.data) {
        for_each("gradient of a token convolution", elements(a.shape), [a] __device__(int64_t index) {
            const Element at(a.shape, index);
            row(a.dx, at.sample, at.head, at.token)[at.component] += convolved(a.shape, a.dy, a.kernel, at, -1);
        });
    }
    if (!a.d_kernel) return;
    const int64_t numbers = a.shape.batch * a.shape.heads * a.shape.size;
    launch("gradient of a kernel over tokens", {blocks_for(numbers, warps), kernel_threads}, kernel_gradient_kernel, a);
}

constexpr TokenConvolutionKernels kernels = {forward, backward};

}  // namespace

}  // namespace token_convolution_card

const TokenConvolutionKernels& token_convolution_cuda() {
    return token_convolution_card::kernels;
}

}  // namespace heed
