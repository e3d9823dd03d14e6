#pragma once

#include "heed/attention/heads/head_view.h"
#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/attention/heads/sdpa_shape.h"
#include "heed/core/tensor/element_address.h"

// How the inputs of an attention op become the arguments of its kernels.

namespace heed {

/// The heads whose first one begins at a column of `source` [batch, tokens, width], of that type.
template <class Element = float>
BasicHeadView<Element> head_view(const Tensor& source, int64_t first_column, int64_t head_dim) {
    const int64_t tokens = source.shape()[1], width = source.shape()[2];
    return {element_address<Element>(source, first_column), tokens * width, width, head_dim};
}
template <class Element = float>
BasicHeadView<const Element> head_view(const HeadColumns& columns, int64_t head_dim) {
    return as_const(head_view<Element>(columns.source.value(), columns.first_column, head_dim));
}

/// The shape that kernels of `attention` work on; its pointer is good as long as attention.mask.
SdpaShape sdpa_shape(const ScaledDotProduct& attention);
/// The same where there are no queries, keys and values yet, which will have this many samples and tokens.
SdpaShape sdpa_shape(const ScaledDotProduct& attention, Precision precision, int64_t batch, int64_t queries,
                     int64_t keys);

/// Throws Error, naming `op`, when the inputs do not fit each other.
void check_heads(const char* op, const ScaledDotProduct& attention);

}  // namespace heed
