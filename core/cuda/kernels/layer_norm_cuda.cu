#include "heed/core/cuda/kernels/layer_norm_cuda.cuh"

#include "heed/core/cuda/column_sums.cuh"
#include "heed/core/cuda/rows.cuh"
#include "heed/core/cuda/warp_rows.cuh"
#include "heed/core/tensor/bf16.h"

namespace heed {

namespace {

/// A row of at most most_warp_row elements, by one warp; the result is of Element.
template <class Element>
struct WarpForward {
    LayerNormForward a;
    Element* y;

    template <int count>
    __device__ void operator()(int64_t row) const {
        cuda::WarpRow<count> x;
        x.load(a.x + row * a.width, a.width);
        const auto width = static_cast<float>(a.width);
        const float mean = x.sum(a.width, [](float value, int64_t) { return value; }) / width;
        const auto squared = [&](float value, int64_t) { return (value - mean) * (value - mean); };
        const float variance = x.sum(a.width, squared) / width;
        const float rstd = 1 / sqrtf(variance + a.epsilon);
        Element* const to = y + row * a.width;
        x.for_each(a.width, [&](float value, int64_t j) {
            to[j] = from_float<Element>((value - mean) * rstd * a.gain[j] + a.bias[j]);
        });
        if (threadIdx.x == 0) {
            a.mean[row] = mean;
            a.rstd[row] = rstd;
        }
    }
};

template <class Element>
void forward_to(Element* y, const LayerNormForward& a) {
    if (a.width <= cuda::most_warp_row) {
        return cuda::for_each_warp_row("layer norm", a.rows, a.width, WarpForward<Element>{a, y});
    }
    cuda::for_each_row("layer norm", a.rows, a.width, [a, y] __device__(int64_t row) {
        const float* const x = a.x + row * a.width;
        Element* const to = y + row * a.width;
        const auto width = static_cast<float>(a.width);
        const float mean = cuda::row_sum(a.width, [&](int64_t j) { return x[j]; }) / width;
        const float variance = cuda::row_sum(a.width, [&](int64_t j) { return (x[j] - mean) * (x[j] - mean); }) / width;
        const float rstd = 1 / sqrtf(variance + a.epsilon);
        cuda::for_row(a.width,
                      [&](int64_t j) { to[j] = from_float<Element>((x[j] - mean) * rstd * a.gain[j] + a.bias[j]); });
        if (threadIdx.x == 0) {
            a.mean[row] = mean;
            a.rstd[row] = rstd;
        }
    });
}

void layer_norm_forward(const LayerNormForward& a) {
    with_pointers([&](auto* y) { forward_to(y, a); }, a.y);
}

/// dgain and dbias; one without the other is written all the same, to the workspace.
template <class Element>
void parameter_gradients(const Element* gradient, const LayerNormBackward& a) {
    const auto value = [a, gradient] __device__(int64_t row, int64_t column, float(&values)[2]) {
        const float dy = to_float(gradient[row * a.width + column]);
        values[0] = dy * (a.x[row * a.width + column] - a.mean[row]) * a.rstd[row];
        values[1] = dy;
    };
    cuda::column_sums<2>("layer norm backward, gain and bias", a.rows, a.width, value, {a.dgain, a.dbias}, a.accumulate,
                         a.workspace);
}

/// The gradient of a row of at most most_warp_row elements, by one warp.
template <class Element>
struct WarpInputGradient {
    LayerNormBackward a;
    const Element* dy;
    const float* extra;

    template <int count>
    __device__ void operator()(int64_t row) const {
        const int64_t first = row * a.width;
        cuda::WarpRow<count> normed, d;  // d = dy * gain
        normed.load(a.x + first, a.width);
        d.load(dy + first, a.width);
        const float mean = a.mean[row], rstd = a.rstd[row], width = static_cast<float>(a.width);
        normed.for_each(a.width, [&](float& value, int64_t) { value = (value - mean) * rstd; });
        d.for_each(a.width, [&](float& value, int64_t j) { value *= a.gain[j]; });
        const float mean_d = d.sum(a.width, [](float value, int64_t) { return value; }) / width;
        float with_normed = 0;
        for (int i = 0; i < count; ++i) with_normed += d.values[i] * normed.values[i];
        const float mean_dn = cuda::warp_reduce(with_normed, cuda::Sum()) / width;
        for (int i = 0; i < count; ++i) {
            d.values[i] = (d.values[i] - mean_d - normed.values[i] * mean_dn) * rstd;
        }
        float* const dx = a.dx + first;
        const float* const more = extra ? extra + first : nullptr;
        if (more) d.for_each(a.width, [&](float& value, int64_t j) { value += more[j]; });
        d.for_each(a.width, [&](float value, int64_t j) { dx[j] = value; });
    }
};

template <class Element>
void input_gradient(const Element* gradient, const LayerNormBackward& a, const float* extra) {
    if (a.width <= cuda::most_warp_row) {
        return cuda::for_each_warp_row("layer norm backward", a.rows, a.width,
                                       WarpInputGradient<Element>{a, gradient, extra});
    }
    cuda::for_each_row("layer norm backward", a.rows, a.width, [a, gradient, extra] __device__(int64_t row) {
        const int64_t first = row * a.width;
        const float* const x = a.x + first;
        const auto dy = [&](int64_t j) { return to_float(gradient[first + j]); };
        const float mean = a.mean[row], rstd = a.rstd[row], width = static_cast<float>(a.width);
        const float mean_d = cuda::row_sum(a.width, [&](int64_t j) { return dy(j) * a.gain[j]; }) / width;
        const auto with_normed = [&](int64_t j) { return dy(j) * a.gain[j] * ((x[j] - mean) * rstd); };
        const float mean_dn = cuda::row_sum(a.width, with_normed) / width;
        cuda::for_row(a.width, [&](int64_t j) {
            const float normed = (x[j] - mean) * rstd;
            const float dx = (dy(j) * a.gain[j] - mean_d - normed * mean_dn) * rstd;
            a.dx[first + j] = extra ? dx + extra[first + j] : dx;
        });
    });
}

template <class Element>
void backward_from(const Element* dy, const LayerNormBackward& a, const float* extra) {
    if (a.dgain || a.dbias) parameter_gradients(dy, a);  // first, since dx may stand where dy does
    input_gradient(dy, a, extra);
}

int64_t layer_norm_backward_workspace(int64_t rows, int64_t width) {
    return cuda::column_sums_workspace(rows, width, 2);
}

constexpr LayerNormKernels layer_norm_cuda_kernels = {
    layer_norm_forward, [](const LayerNormBackward& a) { cuda::layer_norm_backward(a, nullptr); },
    layer_norm_backward_workspace};

}  // namespace

void cuda::layer_norm_backward(const LayerNormBackward& a, const float* extra) {
    with_pointers([&](auto* dy) { backward_from(dy, a, extra); }, a.dy);
}

const LayerNormKernels& layer_norm_cuda() {
    return layer_norm_cuda_kernels;
}

}  // namespace heed
