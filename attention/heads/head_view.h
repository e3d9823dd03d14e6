#pragma once

#include <cstdint>

// Included by kernels that are compiled once per instruction set: functions here must always be inlined.

namespace heed {

/// The heads of a query, key or value in place: component c of head h of token t of sample b is
/// data[b * batch_stride + t * token_stride + h * head_stride + c]. Strides count floats. So slices of a packed
/// projection [batch, tokens, 3, heads, head_dim] and plain [batch, tokens, heads * head_dim] need no copy.
struct HeadView {
    float* data;
    int64_t batch_stride;
    int64_t token_stride;
    int64_t head_stride;
};

/// A HeadView that is only read.
struct ConstHeadView {
    const float* data;
    int64_t batch_stride;
    int64_t token_stride;
    int64_t head_stride;
};

/// A view may always be read.
[[gnu::always_inline]] constexpr ConstHeadView as_const(const HeadView& view) {
    return {view.data, view.batch_stride, view.token_stride, view.head_stride};
}

}  // namespace heed
