#include "heed/core/cpu/kernels/layer_norm_rows.h"
#include "heed/core/kernels/residual_layer_norm_kernels.h"
#include "heed/core/simd/dropout.h"

namespace heed::HEED_ISA {

namespace {

/// Rows that go through dropout, sum and norm together: enough for whole blocks of random numbers, few enough for the
/// first-level cache.
constexpr int64_t group = 4;

template <class Element>
void residual_norm_to(Element* normed, const ResidualLayerNormForward& a) {
    const int64_t n = a.width;
    const DropoutMask mask = make_dropout_mask(a.dropout, a.stream, a.elements_per_sample);
    const bool drops = a.dropout > 0;
    parallel_for(a.rows, norm_forward_grain(n), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row += group) {
            const int64_t stop = row + group < end ? row + group : end;
            if (drops) {
                for_kept(mask, row * n, stop * n, [&](int64_t i, int64_t count, vi kept) HEED_INLINE {
                    store(a.sum + i, load(a.x + i, count) + drop(mask, load(a.branch + i, count), kept), count);
                });
            } else {
                const int64_t first = row * n;
                for_lanes((stop - row) * n, [&](int64_t j, int64_t count) HEED_INLINE {
                    const int64_t i = first + j;
                    store(a.sum + i, load(a.x + i, count) + load(a.branch + i, count), count);
                });
            }
            for (int64_t r = row; r < stop; ++r) {
                normalize_row(a.sum + r * n, a.gain, a.bias, normed + r * n, a.mean + r, a.rstd + r, n, a.epsilon);
            }
        }
    });
}

void residual_layer_norm_forward(const ResidualLayerNormForward& a) {
    with_pointers([&](auto* normed) { residual_norm_to(normed, a); }, a.normed);
}

template <class Element>
void residual_backward_from(const Element* dnormed, const ResidualLayerNormBackward& a) {
    const int64_t n = a.width;
    const DropoutMask mask = make_dropout_mask(a.dropout, a.stream, a.elements_per_sample);
    const bool drops = a.dropout > 0;
    const bool copies = !drops && a.dbranch != a.dx;
    const NormBackwardRows<Element> rows = {.dy = dnormed,
                                            .x = a.sum,
                                            .gain = a.gain,
                                            .mean = a.mean,
                                            .rstd = a.rstd,
                                            .extra = a.dsum,
                                            .dx = a.dx,
                                            .dgain_partial = a.workspace,
                                            .dbias_partial = nullptr,
                                            .width = n};
    norm_backward(rows, a.rows, a.dgain, a.dbias, a.accumulate, [&](int64_t begin, int64_t end) {
        if (a.dbranch == nullptr) return;
        if (drops) {
            for_kept(mask, begin * n, end * n, [&](int64_t i, int64_t count, vi kept) HEED_INLINE {
                store(a.dbranch + i, drop(mask, load(a.dx + i, count), kept), count);
            });
        } else if (copies) {
            const int64_t first = begin * n;
            for_lanes((end - begin) * n, [&](int64_t j, int64_t count) HEED_INLINE {
                store(a.dbranch + first + j, load(a.dx + first + j, count), count);
            });
        }
    });
}

void residual_layer_norm_backward(const ResidualLayerNormBackward& a) {
    with_pointers([&](auto* dnormed) { residual_backward_from(dnormed, a); }, a.dnormed);
}

int64_t residual_layer_norm_backward_workspace(int64_t rows, int64_t width) {
    return sum_rows_tiles(rows) * 2 * width;
}

}  // namespace

extern const ResidualLayerNormKernels residual_layer_norm;
const ResidualLayerNormKernels residual_layer_norm = {residual_layer_norm_forward, residual_layer_norm_backward,
                                                      residual_layer_norm_backward_workspace};

}  // namespace heed::HEED_ISA
