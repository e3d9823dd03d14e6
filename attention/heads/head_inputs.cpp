#include "heed/attention/heads/head_inputs.h"

#include <cmath>
#include <string>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/core/tensor/element_address.h"

namespace heed {

HeadView head_view(const Tensor& source, int64_t first_column, int64_t head_dim) {
    const int64_t tokens = source.shape()[1], width = source.shape()[2];
    return {element_address(source, first_column), tokens * width, width, head_dim};
}

ConstHeadView head_view(const HeadColumns& columns, int64_t head_dim) {
    return as_const(head_view(columns.source.value(), columns.first_column, head_dim));
}

SdpaShape sdpa_shape(const ScaledDotProduct& attention) {
    const Shape &queries = attention.query.source.shape(), &keys = attention.key.source.shape();
    SdpaShape shape{};
    shape.batch = queries[0];
    shape.heads = attention.heads;
    shape.queries = queries[1];
    shape.keys = keys[1];
    shape.head_dim = attention.head_dim;
    shape.scale = 1.0f / std::sqrt(static_cast<float>(attention.head_dim));
    shape.causal = attention.causal;
    shape.before = attention.before;
    shape.after = attention.after;
    shape.key_lengths = attention.mask.key_lengths.defined() ? attention.mask.key_lengths.data<int32_t>() : nullptr;
    shape.dropout = attention.dropout;
    shape.random = attention.stream;
    shape.precision = attention.query.source.context().device().precision();
    return shape;
}

void check_heads(const char* op, const ScaledDotProduct& attention) {
    if (attention.heads < 1 || attention.head_dim < 1 || attention.head_dim > largest_head_dim) {
        throw Error(std::string(op) + ": expected at least one head of 1 to " + std::to_string(largest_head_dim) +
                    " components, got " + std::to_string(attention.heads) + " heads of " +
                    std::to_string(attention.head_dim));
    }
    check_probability(op, attention.dropout);
    const Shape &queries = attention.query.source.shape(), &keys = attention.key.source.shape();
    for (const HeadColumns* columns : {&attention.query, &attention.key, &attention.value}) {
        const Shape& shape = columns->source.shape();
        check_rank(op, "input", shape, 3);
        if (columns->first_column < 0 || columns->first_column + attention.heads * attention.head_dim > shape[2]) {
            throw Error(std::string(op) + ": the heads do not lie within an input of shape " + shape.to_string());
        }
        const Shape& expected = columns == &attention.query ? queries : keys;
        check_shape(op, "tokens of the input", {shape[0], shape[1]}, {queries[0], expected[1]});
    }
    if (attention.before >= 0 || attention.after >= 0) {
        if (queries[1] != keys[1]) {
            throw Error(std::string(op) + ": a band takes as many keys as queries, got " + std::to_string(keys[1]) +
                        " keys for " + std::to_string(queries[1]) + " queries");
        }
    }
    if (attention.mask.key_lengths.defined()) {
        check_dtype(op, "key_lengths", attention.mask.key_lengths, DType::i32);
        check_shape(op, "key_lengths", attention.mask.key_lengths.shape(), {queries[0]});
    }
}

}  // namespace heed
