#include "heed/attention/heads/head_inputs.h"

#include <cmath>
#include <string>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"

namespace heed {

SdpaShape sdpa_shape(const ScaledDotProduct& attention) {
    const Shape &queries = attention.query.source.shape(), &keys = attention.key.source.shape();
    return sdpa_shape(attention, attention.query.source.context().device().precision(), queries[0], queries[1],
                      keys[1]);
}

SdpaShape sdpa_shape(const ScaledDotProduct& attention, Precision precision, int64_t batch, int64_t queries,
                     int64_t keys) {
    SdpaShape shape{};
    shape.batch = batch;
    shape.heads = attention.heads;
    shape.queries = queries;
    shape.keys = keys;
    shape.head_dim = attention.head_dim;
    shape.scale = 1.0f / std::sqrt(static_cast<float>(attention.head_dim));
    shape.causal = attention.causal;
    shape.before = attention.before;
    shape.after = attention.after;
    shape.key_lengths = attention.mask.key_lengths.data_or_null<int32_t>();
    shape.dropout = attention.dropout;
    shape.random = attention.stream;
    shape.precision = precision;
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
        check_dtype(op, "input", columns->source.value(), attention.query.source.value().dtype());
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
