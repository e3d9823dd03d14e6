#include "heed/core/kernels/residual_add_kernels.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/dropout.h"

namespace heed::HEED_ISA {

namespace {

constexpr int64_t residual_add_grain = 16384;

void residual_add_forward(const ResidualAddForward& a) {
    const DropoutMask mask = make_dropout_mask(a.dropout, a.stream, a.elements_per_sample);
    parallel_for(a.count, residual_add_grain, [&](int64_t begin, int64_t end) {
        if (a.dropout > 0) {
            for_kept(mask, begin, end, [&](int64_t i, int64_t count, vi kept) HEED_INLINE {
                store(a.sum + i, load(a.x + i, count) + drop(mask, load(a.branch + i, count), kept), count);
            });
        } else {
            for_lanes(end - begin, [&](int64_t j, int64_t count) HEED_INLINE {
                const int64_t i = begin + j;
                store(a.sum + i, load(a.x + i, count) + load(a.branch + i, count), count);
            });
        }
    });
}

void residual_add_backward(const ResidualAddBackward& a) {
    const DropoutMask mask = make_dropout_mask(a.dropout, a.stream, a.elements_per_sample);
    parallel_for(a.count, residual_add_grain, [&](int64_t begin, int64_t end) {
        if (a.dropout > 0) {
            for_kept(mask, begin, end, [&](int64_t i, int64_t count, vi kept) HEED_INLINE {
                store(a.dbranch + i, drop(mask, load(a.dsum + i, count), kept), count);
            });
        } else if (a.dbranch != a.dsum) {
            for_lanes(end - begin, [&](int64_t j, int64_t count) HEED_INLINE {
                store(a.dbranch + begin + j, load(a.dsum + begin + j, count), count);
            });
        }
    });
}

}  // namespace

extern const ResidualAddKernels residual_add;
const ResidualAddKernels residual_add = {residual_add_forward, residual_add_backward};

}  // namespace heed::HEED_ISA
