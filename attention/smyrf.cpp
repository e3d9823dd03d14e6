#include "heed/attention/smyrf.h"

#include <fmt/core.h>

#include "heed/attention/smyrf_kernels.h"
#include "heed/core/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"

namespace heed {

void SmyrfOptions::describe(Fields& fields) {
    AttentionOptions::describe(fields);
    fields.add("rounds", rounds, "number of times that the tokens are hashed and clustered").range(1, 64);
    fields.add("cluster", cluster, "most queries of a cluster; up to this length attention is that of sdpa")
        .range(1, 65536)
        .unit("tokens");
}

SmyrfAttention::SmyrfAttention(const AttentionGeometry& geometry, const SmyrfOptions& options)
    : MultiHeadAttention(geometry, options, {.key = true, .value = true}),
      rounds_(options.rounds),
      cluster_(options.cluster) {}

bool SmyrfAttention::is_dense(int64_t tokens, int64_t keys) const {
    return smyrf_chunks(tokens, keys, cluster_) == 1;
}

int64_t SmyrfAttention::multiplies(int64_t tokens, int64_t keys) const {
    if (is_dense(tokens, keys)) return MultiHeadAttention::multiplies(tokens, keys);
    const int64_t dim = geometry().dim;
    const int64_t hashing = (tokens + keys) * rounds_ * dim;
    return projection_multiplies(tokens, keys) + hashing + 2 * smyrf_pairs(tokens, keys, rounds_, cluster_) * dim;
}

std::string SmyrfAttention::remark(int64_t tokens, int64_t keys) const {
    const std::string length = is_cross(geometry().pattern)
                                   ? fmt::format("{} tokens and {} of the source", tokens, keys)
                                   : fmt::format("{} tokens", tokens);
    if (is_dense(tokens, keys)) {
        return fmt::format("smyrf is the same as sdpa for {}: they are one cluster (attention.cluster is {})", length,
                           cluster_);
    }
    const double share = static_cast<double>(smyrf_pairs(tokens, keys, rounds_, cluster_)) /
                         (static_cast<double>(tokens) * static_cast<double>(keys));
    return fmt::format("smyrf computes {:.1f} % of the scores for {}: {} clusters in {} round{}", 100 * share, length,
                       smyrf_chunks(tokens, keys, cluster_), rounds_, rounds_ == 1 ? "" : "s") +
           (share >= 1 ? "; sdpa would compute no more" : "");
}

void SmyrfAttention::fix_orders(SmyrfOrders orders) {
    for (const Tensor* order : {&orders.queries, &orders.keys}) {
        if (order->defined()) check_indices("smyrf", "order", *order, 0, order->shape()[3]);
    }
    fixed_orders_ = std::move(orders);
}

Tensor SmyrfAttention::directions(Context& context, const ForwardState& state) {
    if (fixed_directions_.defined()) return fixed_directions_;
    const Shape shape = {rounds_, geometry().heads, geometry().dim / geometry().heads + 2};
    // Outside of training a model gives the same answer whatever the seed of the run that asks.
    const uint64_t seed = state.training ? state.seed : 0;
    const uint32_t step = state.training ? state.step : 0;
    if (drawn_.empty() || drawn_for_.training != state.training || drawn_for_.seed != seed || drawn_for_.step != step) {
        RandomSequence sequence(random_key(seed, RandomPurpose::hashing, name()), step, state.training ? 0 : 1);
        drawn_.resize(static_cast<size_t>(shape.elements()));
        for (float& value : drawn_) value = sequence.normal();
        drawn_for_ = {.training = state.training, .seed = seed, .step = step};
    }
    return Tensor::from_host(context, shape, std::span<const float>(drawn_));
}

SmyrfHeads SmyrfAttention::clustered(const ScaledDotProduct& heads, const AttentionMask& mask) const {
    SmyrfHeads attention;
    attention.heads = heads;
    attention.query_lengths = is_cross(geometry().pattern) ? mask.query_lengths : mask.key_lengths;
    attention.rounds = rounds_;
    attention.cluster = cluster_;
    return attention;
}

SmyrfOrders SmyrfAttention::orders(const SmyrfHeads& attention, const ForwardState& state) {
    if (fixed_orders_.queries.defined()) return fixed_orders_;
    return smyrf_orders(attention, directions(attention.heads.query.source.context(), state));
}

Variable SmyrfAttention::attend(const ScaledDotProduct& heads, const AttentionMask& mask, const ForwardState& state) {
    if (is_dense(heads.query.source.shape()[1], heads.key.source.shape()[1])) return scaled_dot_product(heads);
    const SmyrfHeads attention = clustered(heads, mask);
    return smyrf_attention(attention, orders(attention, state));
}

Tensor SmyrfAttention::attend_weights(const ScaledDotProduct& heads, const AttentionMask& mask) {
    if (is_dense(heads.query.source.shape()[1], heads.key.source.shape()[1])) return scaled_dot_product_weights(heads);
    const SmyrfHeads attention = clustered(heads, mask);
    return smyrf_weights(attention, orders(attention, {}));
}

std::vector<double> SmyrfAttention::covered_mass(const AttentionInput& input) {
    NoGradient guard(input.query.context());
    const SmyrfHeads attention = clustered(heads_of(input), input.mask);
    return smyrf_covered_mass(attention, orders(attention, {}));
}

std::unique_ptr<Attention> make_smyrf(const AttentionGeometry& geometry, const AttentionOptions& options) {
    const auto* own = dynamic_cast<const SmyrfOptions*>(&options);
    if (!own) throw Error("smyrf: expected the options of smyrf");
    return std::make_unique<SmyrfAttention>(geometry, *own);
}

}  // namespace heed
