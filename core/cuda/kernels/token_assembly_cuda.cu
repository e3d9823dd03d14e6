#include "heed/core/cuda/for_each.cuh"
#include "heed/core/kernels/token_assembly_kernels.h"

namespace heed {

namespace {

void token_assembly_forward(const TokenAssemblyForward& a) {
    const int64_t first = a.class_token ? 1 : 0, length = a.tokens + first;
    cuda::for_each_in_rows("token assembly", a.batch * length, a.dim, [=] __device__(int64_t row, int64_t column) {
        const int64_t token = row % length, sample = row / length;
        const float value =
            token < first ? a.class_token[column] : a.x[(sample * a.tokens + token - first) * a.dim + column];
        a.out[row * a.dim + column] = a.positions ? value + a.positions[token * a.dim + column] : value;
    });
}

void token_assembly_backward(const TokenAssemblyBackward& a) {
    const int64_t first = a.has_class_token ? 1 : 0, length = a.tokens + first;
    cuda::for_each_in_rows("token assembly backward", length, a.dim, [=] __device__(int64_t token, int64_t column) {
        float sum = 0;
        for (int64_t sample = 0; sample < a.batch; ++sample) {
            const float dout = a.dout[(sample * length + token) * a.dim + column];
            sum += dout;
            if (a.dx && token >= first) a.dx[(sample * a.tokens + token - first) * a.dim + column] = dout;
        }
        if (a.dpositions) {
            float& gradient = a.dpositions[token * a.dim + column];
            gradient = a.accumulate_positions ? gradient + sum : sum;
        }
        if (a.dclass_token && token < first) {
            float& gradient = a.dclass_token[column];
            gradient = a.accumulate_class ? gradient + sum : sum;
        }
    });
}

constexpr TokenAssemblyKernels token_assembly_cuda_kernels = {token_assembly_forward, token_assembly_backward};

}  // namespace

const TokenAssemblyKernels& token_assembly_cuda() {
    return token_assembly_cuda_kernels;
}

}  // namespace heed
