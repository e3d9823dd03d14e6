#include "heed/core/kernels/dropout_kernels.h"
#include "heed/core/kernels/grain.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/dropout.h"

namespace heed::HEED_ISA {

namespace {

void dropout_apply(const DropoutArguments& a) {
    if (a.per_sample == 0) return;
    const DropoutMask mask = make_dropout_mask(a.probability, a.stream, a.per_sample);
    parallel_for(a.samples * a.per_sample, chunk_elements, [&](int64_t begin, int64_t end) {
        for_kept(mask, begin, end, [&](int64_t i, int64_t count, vi kept) HEED_INLINE {
            store(a.y + i, drop(mask, load(a.x + i, count), kept), count);
        });
    });
}

}  // namespace

extern const DropoutKernels dropout;
const DropoutKernels dropout = {dropout_apply};

}  // namespace heed::HEED_ISA
