#include "heed/core/kernels/token_assembly_kernels.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/loop.h"

namespace heed::HEED_ISA {

namespace {

void token_assembly_forward(const TokenAssemblyForward& a) {
    const int64_t first = a.class_token == nullptr ? 0 : 1;
    const int64_t length = a.tokens + first;
    const int64_t rows = 16384 / (a.dim < 1 ? 1 : a.dim);
    parallel_for(a.batch * length, rows < 1 ? 1 : rows, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            const int64_t token = row % length;
            const float* from = a.class_token;
            if (token >= first) from = a.x + (row / length * a.tokens + token - first) * a.dim;
            float* out = a.out + row * a.dim;
            if (a.positions == nullptr) {
                for_lanes(a.dim, [&](int64_t j, int64_t n) HEED_INLINE { store(out + j, load(from + j, n), n); });
            } else {
                const float* position = a.positions + token * a.dim;
                for_lanes(a.dim, [&](int64_t j, int64_t n)
                                     HEED_INLINE { store(out + j, load(from + j, n) + load(position + j, n), n); });
            }
        }
    });
}

/// Writes `sum` of elements [begin, end) of a sequence to the same elements of a gradient, or adds it.
HEED_SIMD void put(const float* sum, float* out, bool accumulate, int64_t begin, int64_t end) {
    for_lanes(end - begin, [&](int64_t j, int64_t n) HEED_INLINE {
        vf v = load(sum + j, n);
        if (accumulate) v += load(out + begin + j, n);
        store(out + begin + j, v, n);
    });
}

void token_assembly_backward(const TokenAssemblyBackward& a) {
    const int64_t class_size = a.has_class_token ? a.dim : 0;
    const int64_t size = a.tokens * a.dim + class_size;  // of one sequence
    constexpr int64_t grain = 512;
    // A task has some elements of the sequence and goes through the batch, so each sum has one order and one writer.
    parallel_for(size, grain, [&](int64_t begin, int64_t end) {
        float sum[grain] = {};
        const bool sums = a.dpositions != nullptr || (a.dclass_token != nullptr && begin < class_size);
        const int64_t first = begin < class_size ? (class_size < end ? class_size : end) : begin;
        for (int64_t b = 0; b < a.batch; ++b) {
            const float* dout = a.dout + b * size;
            if (sums) {
                for_lanes(end - begin, [&](int64_t j, int64_t n) HEED_INLINE {
                    store(sum + j, load(sum + j, n) + load(dout + begin + j, n), n);
                });
            }
            if (a.dx != nullptr && first < end) {
                float* dx = a.dx + b * (size - class_size) + (first - class_size);
                for_lanes(end - first,
                          [&](int64_t j, int64_t n) HEED_INLINE { store(dx + j, load(dout + first + j, n), n); });
            }
        }
        if (a.dpositions != nullptr) put(sum, a.dpositions, a.accumulate_positions, begin, end);
        if (a.dclass_token != nullptr && begin < first) put(sum, a.dclass_token, a.accumulate_class, begin, first);
    });
}

}  // namespace

extern const TokenAssemblyKernels token_assembly;
const TokenAssemblyKernels token_assembly = {token_assembly_forward, token_assembly_backward};

}  // namespace heed::HEED_ISA
