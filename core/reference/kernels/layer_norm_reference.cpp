#include <cmath>

#include "heed/core/kernels/layer_norm_kernels.h"
#include "heed/core/reference/element.h"

namespace heed {

namespace {

void layer_norm_forward(const LayerNormForward& a) {
    const int64_t n = a.width;
    const float* gain = reference_address(a.gain);
    const float* bias = reference_address(a.bias);
    for (int64_t row = 0; row < a.rows; ++row) {
        const float* x = reference_address(a.x) + row * n;
        double sum = 0;
        for (int64_t j = 0; j < n; ++j) sum += x[j];
        const double mean = sum / static_cast<double>(n);
        double squares = 0;
        for (int64_t j = 0; j < n; ++j) squares += (x[j] - mean) * (x[j] - mean);
        const double rstd = 1 / std::sqrt(squares / static_cast<double>(n) + a.epsilon);
        for (int64_t j = 0; j < n; ++j) {
            reference_store(a.y, row * n + j, (x[j] - mean) * rstd * gain[j] + bias[j]);
        }
        reference_address(a.mean)[row] = static_cast<float>(mean);
        reference_address(a.rstd)[row] = static_cast<float>(rstd);
    }
}

void input_gradient(const LayerNormBackward& a) {
    const int64_t n = a.width;
    const float* gain = reference_address(a.gain);
    for (int64_t row = 0; row < a.rows; ++row) {
        const float* x = reference_address(a.x) + row * n;
        const auto dy = [&](int64_t j) { return reference_value(a.dy, row * n + j); };
        float* dx = reference_address(a.dx) + row * n;
        const double mean = reference_address(a.mean)[row];
        const double rstd = reference_address(a.rstd)[row];
        double mean_d = 0;
        double mean_dx = 0;
        for (int64_t j = 0; j < n; ++j) {
            const double d = dy(j) * gain[j];
            mean_d += d / static_cast<double>(n);
            mean_dx += d * (x[j] - mean) * rstd / static_cast<double>(n);
        }
        for (int64_t j = 0; j < n; ++j) {
            const double d = dy(j) * gain[j];
            dx[j] = static_cast<float>((d - mean_d - (x[j] - mean) * rstd * mean_dx) * rstd);
        }
    }
}

void parameter_gradients(const LayerNormBackward& a) {
    const float* x = reference_address(a.x);
    float* dgain = reference_address(a.dgain);
    float* dbias = reference_address(a.dbias);
    for (int64_t j = 0; j < a.width; ++j) {
        double gain_sum = 0;
        double bias_sum = 0;
        for (int64_t row = 0; row < a.rows; ++row) {
            const double mean = reference_address(a.mean)[row];
            const double rstd = reference_address(a.rstd)[row];
            const double dy = reference_value(a.dy, row * a.width + j);
            gain_sum += dy * (x[row * a.width + j] - mean) * rstd;
            bias_sum += dy;
        }
        if (dgain != nullptr) dgain[j] = static_cast<float>(gain_sum + (a.accumulate ? dgain[j] : 0));
        if (dbias != nullptr) dbias[j] = static_cast<float>(bias_sum + (a.accumulate ? dbias[j] : 0));
    }
}

void layer_norm_backward(const LayerNormBackward& a) {
    parameter_gradients(a);  // first, since dx may stand where dy does
    input_gradient(a);
}

int64_t layer_norm_backward_workspace(int64_t, int64_t) {
    return 0;
}

constexpr LayerNormKernels layer_norm_reference_kernels = {layer_norm_forward, layer_norm_backward,
                                                           layer_norm_backward_workspace};

}  // namespace

const LayerNormKernels& layer_norm_reference() {
    return layer_norm_reference_kernels;
}

}  // namespace heed
