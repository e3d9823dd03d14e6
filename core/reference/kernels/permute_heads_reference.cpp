#include "heed/core/kernels/permute_heads_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

int64_t offset(const HeadStrides& strides, int64_t batch, int64_t token, int64_t head) {
    return batch * strides.batch + token * strides.token + head * strides.head;
}

void copy(const PermuteHeads& a) {
    const float* x = reference_address(a.x);
    float* y = reference_address(a.y);
    for (int64_t batch = 0; batch < a.batch; ++batch) {
        for (int64_t token = 0; token < a.tokens; ++token) {
            for (int64_t head = 0; head < a.heads; ++head) {
                const int64_t from = offset(a.x_strides, batch, token, head);
                const int64_t to = offset(a.y_strides, batch, token, head);
                for (int64_t j = 0; j < a.head_dim; ++j) y[to + j] = x[from + j];
            }
        }
    }
}

constexpr PermuteHeadsKernels permute_heads_reference_kernels = {copy};

}  // namespace

const PermuteHeadsKernels& permute_heads_reference() {
    return permute_heads_reference_kernels;
}

}  // namespace heed
