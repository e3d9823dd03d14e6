#include "heed/attention/smyrf/smyrf_attention.h"

#include <fmt/core.h>

#include "heed/attention/smyrf/clustered_dot_product.h"
#include "heed/attention/smyrf/smyrf_layout.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/shapes/copy_rows.h"

namespace heed {

namespace {

/// The orders of a causal form, for each row of a cache.
struct SmyrfCache final : AttentionCache {
    SmyrfGrowingOrders growing;

    void reorder(std::span<const int32_t> rows) override {
        if (!growing.orders.keys.defined()) return;
        Context& context = growing.means.context();
        const Tensor index = Tensor::from_host(context, {static_cast<int64_t>(rows.size())}, rows);
        growing.orders.keys = gather_rows(growing.orders.keys, index);
        growing.orders.ends = gather_rows(growing.orders.ends, index);
        growing.means = gather_rows(growing.means, index);
    }
};

SmyrfForm form_of(AttentionPattern pattern) {
    if (pattern == AttentionPattern::causal_self) return SmyrfForm::causal_self;
    return pattern == AttentionPattern::causal_cross ? SmyrfForm::causal_cross : SmyrfForm::clusters;
}

}  // namespace

void SmyrfOptions::describe(Fields& fields) {
    AttentionOptions::describe(fields);
    fields.add("rounds", rounds, "number of times that the tokens are hashed and clustered").range(1, 64);
    fields.add("cluster", cluster, "most queries of a cluster; up to this length attention is that of sdpa")
        .range(1, 65536)
        .unit("tokens");
    fields
        .add("block", block,
             "in causal self-attention, tokens within which attention is that of sdpa; doubled until it is longer than "
             "a cluster")
        .range(1, 65536)
        .unit("tokens");
}

SmyrfAttention::SmyrfAttention(const AttentionGeometry& geometry, const SmyrfOptions& options)
    : MultiHeadAttention(geometry, options, {.key = true, .value = true}),
      form_(form_of(geometry.pattern)),
      rounds_(options.rounds),
      cluster_(options.cluster),
      block_(smyrf_block(options.block, options.cluster)) {}

bool SmyrfAttention::is_dense(int64_t tokens, int64_t keys) const {
    if (form_ == SmyrfForm::clusters) return smyrf_chunks(tokens, keys, cluster_) == 1;
    return keys <= (form_ == SmyrfForm::causal_self ? block_ : cluster_);
}

SmyrfWork SmyrfAttention::work(int64_t tokens, int64_t keys) const {
    return smyrf_work(form_, tokens, keys, rounds_, cluster_, block_);
}

int64_t SmyrfAttention::multiplies(int64_t tokens, int64_t keys) const {
    if (is_dense(tokens, keys)) return MultiHeadAttention::multiplies(tokens, keys);
    const SmyrfWork all = work(tokens, keys);
    return projection_multiplies(tokens, keys) + (all.choosing + 2 * (all.pairs + all.hidden)) * geometry().dim;
}

std::string SmyrfAttention::parts(int64_t tokens, int64_t keys) const {
    const std::string rounds = fmt::format("in {} round{}", rounds_, rounds_ == 1 ? "" : "s");
    if (form_ == SmyrfForm::clusters) {
        return fmt::format("{} clusters {}", smyrf_chunks(tokens, keys, cluster_), rounds);
    }
    if (form_ == SmyrfForm::causal_cross) {
        return fmt::format("each one of {} clusters {}", smyrf_list_chunks(keys, cluster_), rounds);
    }
    return fmt::format("{} blocks of {}, earlier tokens by clusters of {} {}", (tokens + block_ - 1) / block_, block_,
                       cluster_, rounds);
}

double SmyrfAttention::score_share(int64_t tokens, int64_t keys) const {
    if (is_dense(tokens, keys)) return 1.0;
    const auto n = static_cast<double>(tokens);
    const double all = form_ == SmyrfForm::causal_self ? n * (n + 1) / 2 : n * static_cast<double>(keys);
    return static_cast<double>(work(tokens, keys).pairs) / all;
}

std::string SmyrfAttention::remark(int64_t tokens, int64_t keys) const {
    const bool self = form_ == SmyrfForm::causal_self;
    const std::string length = is_cross(geometry().pattern)
                                   ? fmt::format("{} tokens and {} of the source", tokens, keys)
                                   : fmt::format("{} tokens", tokens);
    if (is_dense(tokens, keys)) {
        return fmt::format("smyrf is the same as sdpa for {}: they are one {} ({})", length, self ? "block" : "cluster",
                           self ? fmt::format("of {}, by attention.block and attention.cluster", block_)
                                : fmt::format("attention.cluster is {}", cluster_));
    }
    const double share = score_share(tokens, keys);
    return fmt::format("smyrf computes {:.1f} % of the scores for {}: {}", 100 * share, length, parts(tokens, keys)) +
           (share >= 1 ? "; sdpa would compute no more" : "");
}

void SmyrfAttention::fix_orders(SmyrfOrders orders) {
    for (const Tensor* order : {&orders.queries, &orders.keys}) {
        if (order->defined()) check_indices("smyrf", "order", *order, 0, order->shape()[-1]);
    }
    fixed_orders_ = std::move(orders);
}

Tensor SmyrfAttention::directions(Context& context, const ForwardState& state) {
    if (fixed_directions_.defined()) return fixed_directions_;
    const Shape shape = {rounds_, geometry().heads,
                         geometry().dim / geometry().heads + (form_ == SmyrfForm::clusters ? 2 : 0)};
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

SmyrfInputs SmyrfAttention::clustered(const ScaledDotProduct& heads, const AttentionMask& mask) const {
    SmyrfInputs attention;
    attention.heads = heads;
    if (form_ != SmyrfForm::causal_self) {
        attention.query_lengths = is_cross(geometry().pattern) ? mask.query_lengths : mask.key_lengths;
    }
    attention.rounds = rounds_;
    attention.cluster = cluster_;
    attention.form = form_;
    attention.block = block_;
    return attention;
}

SmyrfOrders SmyrfAttention::orders(const SmyrfInputs& attention, const ForwardState& state) {
    if (fixed_orders_.keys.defined()) return fixed_orders_;
    return smyrf_orders(attention, directions(attention.heads.query.source.context(), state));
}

Variable SmyrfAttention::attend(const ScaledDotProduct& heads, const AttentionMask& mask, const ForwardState& state) {
    if (is_dense(heads.query.source.shape()[1], heads.key.source.shape()[1])) return scaled_dot_product(heads);
    const SmyrfInputs attention = clustered(heads, mask);
    return clustered_dot_product(attention, orders(attention, state));
}

Tensor SmyrfAttention::attend_weights(const ScaledDotProduct& heads, const AttentionMask& mask) {
    if (is_dense(heads.query.source.shape()[1], heads.key.source.shape()[1])) return scaled_dot_product_weights(heads);
    const SmyrfInputs attention = clustered(heads, mask);
    return clustered_dot_product_weights(attention, orders(attention, {}));
}

Tensor SmyrfAttention::attend_step(const ScaledDotProduct& heads, int64_t tokens,
                                   std::unique_ptr<AttentionCache>& kept) {
    if (is_dense(tokens, tokens)) return scaled_dot_product(heads).value();
    SmyrfInputs attention = clustered(heads, heads.mask);
    const bool self = form_ == SmyrfForm::causal_self;
    attention.heads.causal = self;
    if (self) attention.first_query = tokens - 1;
    if (!kept) kept = std::make_unique<SmyrfCache>();
    SmyrfGrowingOrders& growing = dynamic_cast<SmyrfCache&>(*kept).growing;
    // Where the memory for keys has grown, lists lie elsewhere: those that are in use are made again.
    const int64_t keys = heads.key.source.shape()[1];
    if (growing.orders.keys.defined() && growing.orders.keys.shape()[-1] != keys) growing = {};
    smyrf_extend_orders(attention, directions(heads.query.source.context(), {}), growing);
    return clustered_dot_product(attention, growing.orders).value();
}

std::vector<double> SmyrfAttention::covered_mass(const AttentionInput& input) {
    NoGradient guard(input.query.context());
    const SmyrfInputs attention = clustered(heads_of(input), input.mask);
    return clustered_covered_mass(attention, orders(attention, {}));
}

std::unique_ptr<Attention> make_smyrf(const AttentionGeometry& geometry, const AttentionOptions& options) {
    const auto* own = dynamic_cast<const SmyrfOptions*>(&options);
    if (!own) throw Error("smyrf: expected the options of smyrf");
    return std::make_unique<SmyrfAttention>(geometry, *own);
}

}  // namespace heed
