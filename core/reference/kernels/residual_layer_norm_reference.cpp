#include <vector>

#include "heed/core/kernels/layer_norm_kernels.h"
#include "heed/core/kernels/residual_add_kernels.h"
#include "heed/core/kernels/residual_layer_norm_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

// The composition that defines the fused op: residual_add, then layer_norm.

void residual_layer_norm_forward(const ResidualLayerNormForward& a) {
    residual_add_reference().forward({.x = a.x,
                                      .branch = a.branch,
                                      .sum = a.sum,
                                      .count = a.rows * a.width,
                                      .dropout = a.dropout,
                                      .stream = a.stream,
                                      .elements_per_sample = a.elements_per_sample});
    layer_norm_reference().forward({.x = a.sum,
                                    .gain = a.gain,
                                    .bias = a.bias,
                                    .y = a.normed,
                                    .mean = a.mean,
                                    .rstd = a.rstd,
                                    .rows = a.rows,
                                    .width = a.width,
                                    .epsilon = a.epsilon});
}

void residual_layer_norm_backward(const ResidualLayerNormBackward& a) {
    const int64_t count = a.rows * a.width;
    std::vector<float> extra;  // dx may stand where dsum does
    if (a.dsum != nullptr) extra.assign(reference_address(a.dsum), reference_address(a.dsum) + count);
    layer_norm_reference().backward({.dy = a.dnormed,
                                     .x = a.sum,
                                     .gain = a.gain,
                                     .mean = a.mean,
                                     .rstd = a.rstd,
                                     .dx = a.dx,
                                     .dgain = a.dgain,
                                     .dbias = a.dbias,
                                     .accumulate = a.accumulate,
                                     .workspace = a.workspace,
                                     .rows = a.rows,
                                     .width = a.width});
    float* dx = reference_address(a.dx);
    if (!extra.empty()) {
        for (int64_t i = 0; i < count; ++i) dx[i] += extra[static_cast<std::size_t>(i)];
    }
    if (a.dbranch == nullptr) return;
    residual_add_reference().backward({.dsum = a.dx,
                                       .dbranch = a.dbranch,
                                       .count = count,
                                       .dropout = a.dropout,
                                       .stream = a.stream,
                                       .elements_per_sample = a.elements_per_sample});
}

int64_t residual_layer_norm_backward_workspace(int64_t rows, int64_t width) {
    return layer_norm_reference().backward_workspace(rows, width);
}

constexpr ResidualLayerNormKernels residual_layer_norm_reference_kernels = {
    residual_layer_norm_forward, residual_layer_norm_backward, residual_layer_norm_backward_workspace};

}  // namespace

const ResidualLayerNormKernels& residual_layer_norm_reference() {
    return residual_layer_norm_reference_kernels;
}

}  // namespace heed
