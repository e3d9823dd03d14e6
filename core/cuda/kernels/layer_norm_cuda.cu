#include "heed/core/cuda/kernels/layer_norm_cuda.cuh"

#include "heed/core/cuda/column_sums.cuh"
#include "heed/core/cuda/rows.cuh"

namespace heed {

namespace {

void layer_norm_forward(const LayerNormForward& a) {
    cuda::for_each_row("layer norm", a.rows, a.width, [a] __device__(int64_t row) {
        const float* const x = a.x + row * a.width;
        float* const y = a.y + row * a.width;
        const auto width = static_cast<float>(a.width);
        const float mean = cuda::row_sum(a.width, [&](int64_t j) { return x[j]; }) / width;
        const float variance = cuda::row_sum(a.width, [&](int64_t j) { return (x[j] - mean) * (x[j] - mean); }) / width;
        const float rstd = 1 / sqrtf(variance + a.epsilon);
        cuda::for_row(a.width, [&](int64_t j) { y[j] = (x[j] - mean) * rstd * a.gain[j] + a.bias[j]; });
        if (threadIdx.x == 0) {
            a.mean[row] = mean;
            a.rstd[row] = rstd;
        }
    });
}

/// dgain and dbias; one without the other is written all the same, to the workspace.
void parameter_gradients(const LayerNormBackward& a) {
    const auto value = [a] __device__(int64_t row, int64_t column, float(&values)[2]) {
        const float dy = a.dy[row * a.width + column];
        values[0] = dy * (a.x[row * a.width + column] - a.mean[row]) * a.rstd[row];
        values[1] = dy;
    };
    cuda::column_sums<2>("layer norm backward, gain and bias", a.rows, a.width, value, {a.dgain, a.dbias}, a.accumulate,
                         a.workspace);
}

void input_gradient(const LayerNormBackward& a, const float* extra) {
    cuda::for_each_row("layer norm backward", a.rows, a.width, [a, extra] __device__(int64_t row) {
        const int64_t first = row * a.width;
        const float *const x = a.x + first, *const dy = a.dy + first;
        const float mean = a.mean[row], rstd = a.rstd[row], width = static_cast<float>(a.width);
        const float mean_d = cuda::row_sum(a.width, [&](int64_t j) { return dy[j] * a.gain[j]; }) / width;
        const auto with_normed = [&](int64_t j) { return dy[j] * a.gain[j] * ((x[j] - mean) * rstd); };
        const float mean_dn = cuda::row_sum(a.width, with_normed) / width;
        cuda::for_row(a.width, [&](int64_t j) {
            const float normed = (x[j] - mean) * rstd;
            const float dx = (dy[j] * a.gain[j] - mean_d - normed * mean_dn) * rstd;
            a.dx[first + j] = extra ? dx + extra[first + j] : dx;
        });
    });
}

int64_t layer_norm_backward_workspace(int64_t rows, int64_t width) {
    return cuda::column_sums_workspace(rows, width, 2);
}

constexpr LayerNormKernels layer_norm_cuda_kernels = {
    layer_norm_forward, [](const LayerNormBackward& a) { cuda::layer_norm_backward(a, nullptr); },
    layer_norm_backward_workspace};

}  // namespace

void cuda::layer_norm_backward(const LayerNormBackward& a, const float* extra) {
    if (a.dgain || a.dbias) parameter_gradients(a);  // first, since dx may stand where dy does
    input_gradient(a, extra);
}

const LayerNormKernels& layer_norm_cuda() {
    return layer_norm_cuda_kernels;
}

}  // namespace heed
