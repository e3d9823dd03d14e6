#pragma once

#include <cstdint>

// Included by kernels that are compiled once per instruction set: functions here must always be inlined.

namespace heed {

/// The heads of a query, key or value in place: component c of head h of token t of sample b is
/// data[b * batch_stride + t * token_stride + h * head_stride + c]. Strides count elements. So slices of a packed
/// projection [batch, tokens, 3, heads, head_dim] and plain [batch, tokens, heads * head_dim] need no copy.
template <class Element>
struct BasicHeadView {
    Element* data;
    int64_t batch_stride;
    int64_t token_stride;
    int64_t head_stride;
};

using HeadView = BasicHeadView<float>;
/// A HeadView that is only read.
using ConstHeadView = BasicHeadView<const float>;

/// A view may always be read.
template <class Element>
[[gnu::always_inline]] constexpr BasicHeadView<const Element> as_const(const BasicHeadView<Element>& view) {
    return {view.data, view.batch_stride, view.token_stride, view.head_stride};
}

}  // namespace heed
