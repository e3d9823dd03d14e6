#include "heed/core/kernels/embedding_kernels.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/loop.h"

namespace heed::HEED_ISA {

namespace {

void embedding_forward(const EmbeddingForward& a) {
    const vf scale = broadcast(a.scale);
    const int64_t rows = 16384 / (a.dim < 1 ? 1 : a.dim);
    parallel_for(a.count, rows < 1 ? 1 : rows, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const float* row = a.table + a.ids[i] * a.dim;
            float* out = a.out + i * a.dim;
            for_lanes(a.dim, [&](int64_t j, int64_t n) HEED_INLINE { store(out + j, load(row + j, n) * scale, n); });
        }
    });
}

/// Counting sort: positions[ends[id - 1] .. ends[id]) are the indices of `id` in ids, in rising order (ends[-1] is 0).
void sort_by_id(const EmbeddingBackward& a, int32_t* ends, int32_t* positions) {
    for (int64_t id = 0; id <= a.vocabulary; ++id) {
        ends[id] = 0;
    }
    for (int64_t i = 0; i < a.count; ++i) {
        ++ends[a.ids[i] + 1];
    }
    for (int64_t id = 1; id <= a.vocabulary; ++id) {
        ends[id] += ends[id - 1];
    }
    for (int64_t i = 0; i < a.count; ++i) {
        positions[ends[a.ids[i]]++] = static_cast<int32_t>(i);
    }
}

/// Columns that are added up together: the rows of one id may be many (padding), so they are shared out by columns too.
constexpr int64_t columns = 64;

HEED_SIMD void add_rows(const EmbeddingBackward& a, const int32_t* begin, const int32_t* end, float* out,
                        int64_t column, int64_t width) {
    for_lanes(width, [&](int64_t j, int64_t n) HEED_INLINE {
        vf sum = zero();
        for (const int32_t* position = begin; position < end; ++position) {
            sum += load(a.dout + *position * a.dim + column + j, n);
        }
        sum *= a.scale;
        if (a.accumulate) sum += load(out + j, n);
        store(out + j, sum, n);
    });
}

void embedding_backward(const EmbeddingBackward& a) {
    int32_t* const ends = a.workspace;
    int32_t* const positions = a.workspace + a.vocabulary + 1;
    sort_by_id(a, ends, positions);
    const int64_t blocks = (a.dim + columns - 1) / columns;
    constexpr int64_t rows = 64;
    const int64_t groups = (a.vocabulary + rows - 1) / rows;
    parallel_for(groups * blocks, 1, [&](int64_t first_task, int64_t last_task) {
        for (int64_t task = first_task; task < last_task; ++task) {
            const int64_t column = task % blocks * columns;
            const int64_t width = a.dim - column < columns ? a.dim - column : columns;
            const int64_t first = task / blocks * rows;
            const int64_t last = first + rows < a.vocabulary ? first + rows : a.vocabulary;
            for (int64_t id = first; id < last; ++id) {
                const int32_t* begin = positions + (id == 0 ? 0 : ends[id - 1]);
                const int32_t* end = positions + ends[id];
                if (a.accumulate && begin == end) continue;
                add_rows(a, begin, end, a.dtable + id * a.dim + column, column, width);
            }
        }
    });
}

int64_t embedding_backward_workspace(int64_t count, int64_t vocabulary) {
    return vocabulary + 1 + count;
}

}  // namespace

extern const EmbeddingKernels embedding;
const EmbeddingKernels embedding = {embedding_forward, embedding_backward, embedding_backward_workspace};

}  // namespace heed::HEED_ISA
