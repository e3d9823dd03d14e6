#pragma once

// Rows of one head of one sample, for the attention kernels. Included by *.isa.cpp files only.

#include "heed/attention/heads/head_view.h"
#include "heed/core/simd/vector.h"

namespace heed::HEED_ISA {

inline constexpr float infinity = __builtin_inff();

HEED_SIMD int64_t min(int64_t a, int64_t b) {
    return a < b ? a : b;
}
HEED_SIMD int64_t max(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/// One head of one sample in memory.
template <class Float>
struct Rows {
    Float* data;
    int64_t stride;

    [[gnu::always_inline]] Float* at(int64_t token) const { return data + token * stride; }
};

HEED_SIMD Rows<const float> head_rows(const ConstHeadView& view, int64_t sample, int64_t head) {
    return {view.data + sample * view.batch_stride + head * view.head_stride, view.token_stride};
}

HEED_SIMD Rows<float> head_rows(const HeadView& view, int64_t sample, int64_t head) {
    return {view.data + sample * view.batch_stride + head * view.head_stride, view.token_stride};
}

HEED_SIMD void fill_rows(Rows<float> rows, int64_t begin, int64_t end, int64_t head_dim, float value) {
    for (int64_t token = begin; token < end; ++token) {
        for (int64_t c = 0; c < head_dim; ++c) rows.at(token)[c] = value;
    }
}

}  // namespace heed::HEED_ISA
