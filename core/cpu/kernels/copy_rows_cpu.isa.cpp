#include "heed/core/kernels/copy_rows_kernels.h"
#include "heed/core/kernels/grain.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/loop.h"

namespace heed::HEED_ISA {

namespace {

void copy_rows_copy(const CopyRows& a) {
    parallel_for(a.count, chunk_rows(a.width), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const float* from = a.from + (a.index == nullptr ? i : a.index[i]) * a.from_stride;
            float* to = a.to + i * a.to_stride;
            for_lanes(a.width,
                      [&](int64_t j, int64_t count) HEED_INLINE { store(to + j, load(from + j, count), count); });
        }
    });
}

}  // namespace

extern const CopyRowsKernels copy_rows;
const CopyRowsKernels copy_rows = {copy_rows_copy};

}  // namespace heed::HEED_ISA
