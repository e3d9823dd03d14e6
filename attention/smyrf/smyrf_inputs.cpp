#include "heed/attention/smyrf/smyrf_inputs.h"

#include <string>

#include "heed/attention/heads/head_inputs.h"
#include "heed/attention/smyrf/smyrf_layout.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"

namespace heed {

SmyrfShape smyrf_shape(const SmyrfInputs& attention) {
    SmyrfShape shape{};
    shape.heads = sdpa_shape(attention.heads);
    shape.query_lengths = attention.query_lengths.data_or_null<int32_t>();
    shape.rounds = attention.rounds;
    shape.cluster = attention.cluster;
    shape.form = attention.form;
    shape.block = smyrf_block(attention.block, attention.cluster);
    shape.first_query = attention.first_query;
    return shape;
}

void check_smyrf_inputs(const char* op, const SmyrfInputs& attention) {
    check_heads(op, attention.heads);
    if (attention.heads.causal != (attention.form == SmyrfForm::causal_self)) {
        throw Error(std::string(op) + ": expected attention that is " +
                    (attention.heads.causal ? "not causal" : "causal") + " in this form");
    }
    if (attention.rounds < 1 || attention.cluster < 1 || attention.block < 1) {
        throw Error(std::string(op) + ": expected at least one round and clusters and blocks of at least one " +
                    "token, got " + std::to_string(attention.rounds) + " rounds with clusters of " +
                    std::to_string(attention.cluster) + " and blocks of " + std::to_string(attention.block));
    }
    if (attention.query_lengths.defined()) {
        check_dtype(op, "query_lengths", attention.query_lengths, DType::i32);
        check_shape(op, "query_lengths", attention.query_lengths.shape(), {attention.heads.query.source.shape()[0]});
    }
    const int64_t queries = attention.heads.query.source.shape()[1], keys = attention.heads.key.source.shape()[1];
    if (attention.form == SmyrfForm::causal_self &&
        (attention.first_query < 0 || attention.first_query + queries > keys)) {
        throw Error(std::string(op) + ": expected queries among the " + std::to_string(keys) + " keys, got queries " +
                    std::to_string(attention.first_query) + " to " + std::to_string(attention.first_query + queries));
    }
}

}  // namespace heed
