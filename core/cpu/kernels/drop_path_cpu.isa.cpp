#include "heed/core/kernels/drop_path_kernels.h"
#include "heed/core/kernels/grain.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/dropout.h"

namespace heed::HEED_ISA {

namespace {

void drop_path_apply(const DropPathArguments& a) {
    if (a.per_sample == 0) return;
    const DropoutMask mask = make_dropout_mask(a.probability, a.stream, a.per_sample);
    parallel_for(a.samples * a.per_sample, chunk_elements, [&](int64_t begin, int64_t end) {
        while (begin < end) {
            const int64_t sample = begin / a.per_sample;
            const int64_t sample_end = (sample + 1) * a.per_sample;
            const int64_t stop = sample_end < end ? sample_end : end;
            const vi kept = sample_kept(mask, sample);
            for_lanes(stop - begin, [&](int64_t j, int64_t count) HEED_INLINE {
                store(a.y + begin + j, drop(mask, load(a.x + begin + j, count), kept), count);
            });
            begin = stop;
        }
    });
}

}  // namespace

extern const DropPathKernels drop_path;
const DropPathKernels drop_path = {drop_path_apply};

}  // namespace heed::HEED_ISA
