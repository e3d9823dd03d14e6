#include "heed/attention/landmarks/pseudo_inverse_kernels.h"
#include "heed/attention/landmarks/pseudo_inverse_matrix.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

void start_on_reference(const float* a, float* start, int64_t count, int64_t size) {
    for (int64_t i = 0; i < count; ++i) {
        pseudo_inverse_detail::start_of(reference_address(a) + i * size * size,
                                        reference_address(start) + i * size * size, size);
    }
}

void start_backward_on_reference(const float* a, const float* d_start, float* d_a, int64_t count, int64_t size) {
    for (int64_t i = 0; i < count; ++i) {
        const int64_t at = i * size * size;
        pseudo_inverse_detail::start_backward_of(reference_address(a) + at, reference_address(d_start) + at,
                                                 reference_address(d_a) + at, size);
    }
}

}  // namespace

const PseudoInverseKernels& pseudo_inverse_reference() {
    static constexpr PseudoInverseKernels kernels = {start_on_reference, start_backward_on_reference};
    return kernels;
}

}  // namespace heed
