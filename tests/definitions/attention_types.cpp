#include "heed/tests/definitions/attention_types.h"

#include "heed/tests/definitions/state_space.h"

namespace heed::definitions {

namespace {

Values no_attention(const Values& query, const Values&, const AttentionParameters&, const Attention&) {
    return Values(query.size(), 0.0);
}

}  // namespace

std::span<const AttentionDefinition> attention_definitions() {
    static const AttentionDefinition all[] = {
        {"sdpa", {}, attention_layer},  {"optimised", {}, attention_layer},   {"efficient", {}, attention_layer},
        {"super", {}, attention_layer}, {"smyrf", {}, attention_layer},  // in one cluster
        {"none", {}, no_attention},     {"s4d", {{"state", "4"}}, s4d_layer},
    };
    return all;
}

}  // namespace heed::definitions
