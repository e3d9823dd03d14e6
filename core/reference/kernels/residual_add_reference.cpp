#include "heed/core/kernels/residual_add_kernels.h"
#include "heed/core/random/random.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

/// `value` after dropout, if it is element i of the flat buffer.
template <class Arguments>
float dropped(const Arguments& a, int64_t i, float value) {
    if (a.dropout == 0) return value;
    const uint32_t word = random_word(a.stream, i / a.elements_per_sample, i % a.elements_per_sample);
    return word < drop_threshold(a.dropout) ? 0.0F : value * static_cast<float>(1 / (1 - a.dropout));
}

void residual_add_forward(const ResidualAddForward& a) {
    const float* x = reference_address(a.x);
    const float* branch = reference_address(a.branch);
    float* sum = reference_address(a.sum);
    for (int64_t i = 0; i < a.count; ++i) sum[i] = x[i] + dropped(a, i, branch[i]);
}

void residual_add_backward(const ResidualAddBackward& a) {
    const float* dsum = reference_address(a.dsum);
    float* dbranch = reference_address(a.dbranch);
    for (int64_t i = 0; i < a.count; ++i) dbranch[i] = dropped(a, i, dsum[i]);
}

constexpr ResidualAddKernels residual_add_reference_kernels = {residual_add_forward, residual_add_backward};

}  // namespace

const ResidualAddKernels& residual_add_reference() {
    return residual_add_reference_kernels;
}

}  // namespace heed
