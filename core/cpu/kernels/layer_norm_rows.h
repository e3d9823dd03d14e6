#pragma once

// Layer normalisation of rows that lie in the first-level cache: the arithmetic that layer_norm and residual_layer_norm
// share. For *.isa.cpp files.

#include "heed/core/cpu/kernels/sum_rows.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/bf16.h"
#include "heed/core/simd/loop.h"

namespace heed::HEED_ISA {

HEED_SIMD float row_sum(const float* x, int64_t n) {
    vf a = zero();
    vf b = zero();
    vf c = zero();
    vf d = zero();
    int64_t j = 0;
    for (; j + 4 * lanes <= n; j += 4 * lanes) {
        a += load(x + j);
        b += load(x + j + lanes);
        c += load(x + j + 2 * lanes);
        d += load(x + j + 3 * lanes);
    }
    const float* rest = x + j;
    for_lanes(n - j, [&](int64_t i, int64_t count) HEED_INLINE { a += load(rest + i, count); });
    return hsum((a + b) + (c + d));
}

HEED_SIMD float row_squared_deviation(const float* x, float center, int64_t n) {
    const vf m = broadcast(center);
    vf a = zero();
    vf b = zero();
    vf c = zero();
    vf d = zero();
    int64_t j = 0;
    for (; j + 4 * lanes <= n; j += 4 * lanes) {
        const vf da = load(x + j) - m;
        const vf db = load(x + j + lanes) - m;
        const vf dc = load(x + j + 2 * lanes) - m;
        const vf dd = load(x + j + 3 * lanes) - m;
        a = fma(da, da, a);
        b = fma(db, db, b);
        c = fma(dc, dc, c);
        d = fma(dd, dd, d);
    }
    const float* rest = x + j;
    for_lanes(n - j, [&](int64_t i, int64_t count) HEED_INLINE {
        const vf dev = keep_first(load(rest + i, count) - m, count);
        a = fma(dev, dev, a);
    });
    return hsum((a + b) + (c + d));
}

template <class Element>
HEED_SIMD void normalize_row(const float* x, const float* gain, const float* bias, Element* y, float* mean, float* rstd,
                             int64_t n, float epsilon) {
    const float width = static_cast<float>(n);
    const float m = row_sum(x, n) / width;
    const float r = 1.0F / sqrt(broadcast(row_squared_deviation(x, m, n) / width + epsilon))[0];
    *mean = m;
    *rstd = r;
    const vf center = broadcast(m);
    const vf scale = broadcast(r);
    for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE {
        const vf normed = (load(x + j, count) - center) * scale;
        store(y + j, fma(normed, load(gain + j, count), load(bias + j, count)), count);
    });
}

/// Rows that one task of the forward pass takes: about 16 k elements.
HEED_SIMD int64_t norm_forward_grain(int64_t width) {
    const int64_t rows = 16384 / width;
    return rows < 1 ? 1 : rows;
}

/// What the backward pass of the norm reads and writes, dy of Element; `extra` (or null) is added to dx.
template <class Element>
struct NormBackwardRows {
    const Element* dy;
    const float* x;
    const float* gain;
    const float* mean;
    const float* rstd;
    const float* extra;
    float* dx;
    float* dgain_partial;
    float* dbias_partial;
    int64_t width;
};

/// `group` rows from `row` on: the sums that both dx and the parameters need first, then dx. Several rows share one
/// read and one write of the partial sums.
template <int group, bool has_extra, class Element>
HEED_SIMD void norm_backward_group(const NormBackwardRows<Element>& a, int64_t row) {
    const int64_t n = a.width;
    const float* x = a.x + row * n;
    const Element* dy = a.dy + row * n;
    vf center[group];
    vf scale[group];
    vf sum_d[group];
    vf sum_dx[group];
    for (int r = 0; r < group; ++r) {
        center[r] = broadcast(a.mean[row + r]);
        scale[r] = broadcast(a.rstd[row + r]);
        sum_d[r] = zero();
        sum_dx[r] = zero();
    }
    for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE {
        const vf gain = load(a.gain + j, count);
        vf dgain = load(a.dgain_partial + j, count);
        vf dbias = load(a.dbias_partial + j, count);
        for (int r = 0; r < group; ++r) {
            const vf normed = keep_first((load(x + r * n + j, count) - center[r]) * scale[r], count);
            const vf dout = load(dy + r * n + j, count);
            const vf d = dout * gain;
            sum_d[r] += d;
            sum_dx[r] = fma(d, normed, sum_dx[r]);
            dgain = fma(dout, normed, dgain);
            dbias += dout;
        }
        store(a.dgain_partial + j, dgain, count);
        store(a.dbias_partial + j, dbias, count);
    });
    for (int r = 0; r < group; ++r) {
        const vf mean_d = broadcast(hsum(sum_d[r]) / static_cast<float>(n));
        const vf mean_dx = broadcast(hsum(sum_dx[r]) / static_cast<float>(n));
        const float* xr = x + r * n;
        const Element* dyr = dy + r * n;
        const float* extra = has_extra ? a.extra + (row + r) * n : nullptr;
        float* dx = a.dx + (row + r) * n;
        for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE {
            const vf normed = (load(xr + j, count) - center[r]) * scale[r];
            const vf d = load(dyr + j, count) * load(a.gain + j, count);
            vf out = (d - mean_d - normed * mean_dx) * scale[r];
            if (has_extra) {
                out += load(extra + j, count);
            }
            store(dx + j, out, count);
        });
    }
}

template <bool has_extra, class Element>
HEED_SIMD void norm_backward_rows(const NormBackwardRows<Element>& a, int64_t begin, int64_t end) {
    constexpr int group = lanes == 16 ? 4 : 2;
    int64_t row = begin;
    for (; row + group <= end; row += group) {
        norm_backward_group<group, has_extra>(a, row);
    }
    for (; row < end; ++row) {
        norm_backward_group<1, has_extra>(a, row);
    }
}

/// The backward pass over all rows. `a` has the workspace ([sum_rows_tiles(rows)][2][width]) as dgain_partial;
/// `finish(begin, end)` is called when dx of a few rows stands and is still in cache.
template <class Element, class Finish>
HEED_SIMD void norm_backward(const NormBackwardRows<Element>& a, int64_t rows, float* dgain, float* dbias,
                             bool accumulate, const Finish& finish) {
    const int64_t n = a.width;
    const int64_t grain = sum_rows_tile(rows);
    float* const workspace = a.dgain_partial;
    parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
        NormBackwardRows<Element> mine = a;
        mine.dgain_partial = workspace + begin / grain * 2 * n;
        mine.dbias_partial = mine.dgain_partial + n;
        for_lanes(2 * n, [&](int64_t j, int64_t count) HEED_INLINE { store(mine.dgain_partial + j, zero(), count); });
        constexpr int64_t step = 4;
        for (int64_t row = begin; row < end; row += step) {
            const int64_t stop = row + step < end ? row + step : end;
            if (a.extra != nullptr) {
                norm_backward_rows<true>(mine, row, stop);
            } else {
                norm_backward_rows<false>(mine, row, stop);
            }
            finish(row, stop);
        }
    });
    const int64_t tasks = sum_rows_tiles(rows);
    parallel_for(n, 256, [&](int64_t begin, int64_t end) {
        if (dgain != nullptr) add_partial_sums(workspace, tasks, 2 * n, dgain, accumulate, begin, end);
        if (dbias != nullptr) add_partial_sums(workspace + n, tasks, 2 * n, dbias, accumulate, begin, end);
    });
}

}  // namespace heed::HEED_ISA
