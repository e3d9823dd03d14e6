#include "heed/core/cuda/kernels/layer_norm_cuda.cuh"
#include "heed/core/kernels/residual_add_kernels.h"
#include "heed/core/kernels/residual_layer_norm_kernels.h"

namespace heed {

namespace {

void residual_layer_norm_forward(const ResidualLayerNormForward& a) {
    residual_add_cuda().forward({.x = a.x,
                                 .branch = a.branch,
                                 .sum = a.sum,
                                 .count = a.rows * a.width,
                                 .dropout = a.dropout,
                                 .stream = a.stream,
                                 .elements_per_sample = a.elements_per_sample});
    layer_norm_cuda().forward({.x = a.sum,
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
    cuda::layer_norm_backward({.dy = a.dnormed,
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
                               .width = a.width},
                              a.dsum);
    if (!a.dbranch || (a.dropout == 0 && a.dbranch == a.dx)) return;
    residual_add_cuda().backward({.dsum = a.dx,
                                  .dbranch = a.dbranch,
                                  .count = a.rows * a.width,
                                  .dropout = a.dropout,
                                  .stream = a.stream,
                                  .elements_per_sample = a.elements_per_sample});
}

int64_t residual_layer_norm_backward_workspace(int64_t rows, int64_t width) {
    return layer_norm_cuda().backward_workspace(rows, width);
}

constexpr ResidualLayerNormKernels residual_layer_norm_cuda_kernels = {
    residual_layer_norm_forward, residual_layer_norm_backward, residual_layer_norm_backward_workspace};

}  // namespace

const ResidualLayerNormKernels& residual_layer_norm_cuda() {
    return residual_layer_norm_cuda_kernels;
}

}  // namespace heed
