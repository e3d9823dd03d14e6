#include "heed/attention/landmarks/pseudo_inverse_kernels.h"
#include "heed/attention/landmarks/pseudo_inverse_matrix.h"
#include "heed/core/parallel.h"

namespace heed {

namespace {

int64_t matrices_at_once(int64_t size) {
    return 1 + 10000 / (1 + size * size);
}

void start_on_cpu(const float* a, float* start, int64_t count, int64_t size) {
    parallel_for(count, matrices_at_once(size), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            pseudo_inverse_detail::start_of(a + i * size * size, start + i * size * size, size);
        }
    });
}

void start_backward_on_cpu(const float* a, const float* d_start, float* d_a, int64_t count, int64_t size) {
    parallel_for(count, matrices_at_once(size), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t at = i * size * size;
            pseudo_inverse_detail::start_backward_of(a + at, d_start + at, d_a + at, size);
        }
    });
}

}  // namespace

const PseudoInverseKernels& pseudo_inverse_cpu() {
    static constexpr PseudoInverseKernels kernels = {start_on_cpu, start_backward_on_cpu};
    return kernels;
}

}  // namespace heed
