#include "heed/core/kernels/token_assembly_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

void token_assembly_forward(const TokenAssemblyForward& a) {
    const float* class_token = reference_address(a.class_token);
    const float* positions = reference_address(a.positions);
    const int64_t first = class_token == nullptr ? 0 : 1;
    const int64_t length = a.tokens + first;
    for (int64_t b = 0; b < a.batch; ++b) {
        for (int64_t token = 0; token < length; ++token) {
            const float* from =
                token < first ? class_token : reference_address(a.x) + (b * a.tokens + token - first) * a.dim;
            float* out = reference_address(a.out) + (b * length + token) * a.dim;
            for (int64_t j = 0; j < a.dim; ++j) {
                out[j] = from[j] + (positions == nullptr ? 0.0F : positions[token * a.dim + j]);
            }
        }
    }
}

void token_assembly_backward(const TokenAssemblyBackward& a) {
    float* dx = reference_address(a.dx);
    float* dclass_token = reference_address(a.dclass_token);
    float* dpositions = reference_address(a.dpositions);
    const int64_t first = a.has_class_token ? 1 : 0;
    const int64_t length = a.tokens + first;
    for (int64_t token = 0; token < length; ++token) {
        for (int64_t j = 0; j < a.dim; ++j) {
            double sum = 0;
            for (int64_t b = 0; b < a.batch; ++b) {
                const float dout = reference_address(a.dout)[(b * length + token) * a.dim + j];
                sum += dout;
                if (dx != nullptr && token >= first) dx[(b * a.tokens + token - first) * a.dim + j] = dout;
            }
            if (dpositions != nullptr) {
                float& gradient = dpositions[token * a.dim + j];
                gradient = static_cast<float>(sum + (a.accumulate_positions ? gradient : 0));
            }
            if (dclass_token != nullptr && token < first) {
                dclass_token[j] = static_cast<float>(sum + (a.accumulate_class ? dclass_token[j] : 0));
            }
        }
    }
}

constexpr TokenAssemblyKernels token_assembly_reference_kernels = {token_assembly_forward, token_assembly_backward};

}  // namespace

const TokenAssemblyKernels& token_assembly_reference() {
    return token_assembly_reference_kernels;
}

}  // namespace heed
