#include "heed/attention/windows/local_attention.h"

#include <fmt/core.h>

#include <algorithm>

#include "heed/core/autograd/tape.h"
#include "heed/core/error.h"

namespace heed {

void LocalOptions::describe(Fields& fields) {
    AttentionOptions::describe(fields);
    fields
        .add("window", window,
             "tokens before and behind its own place that a token sees; in causal self-attention the number of tokens "
             "up to its own")
        .range(1, 65536)
        .unit("tokens");
}

LocalAttention::LocalAttention(const AttentionGeometry& geometry, const LocalOptions& options)
    : MultiHeadAttention(geometry, options, {.key = true, .value = true}), window_(options.window) {}

ScaledDotProduct LocalAttention::within_window(const ScaledDotProduct& heads) const {
    ScaledDotProduct local = heads;
    local.before = before();
    local.after = after();
    return local;
}

Variable LocalAttention::attend(const ScaledDotProduct& heads, const AttentionMask&, const ForwardState&) {
    return scaled_dot_product(within_window(heads));
}

Tensor LocalAttention::attend_weights(const ScaledDotProduct& heads, const AttentionMask&) {
    return scaled_dot_product_weights(within_window(heads));
}

int64_t LocalAttention::multiplies(int64_t tokens, int64_t keys) const {
    const int64_t seen = std::min(keys, before() + 1 + after());
    return projection_multiplies(tokens, keys) + 2 * tokens * seen * geometry().dim;
}

double LocalAttention::score_share(int64_t tokens, int64_t) const {
    // Of n tokens, those nearer to an end than the window see less.
    const auto n = static_cast<double>(tokens);
    const auto reach = static_cast<double>(std::min(before(), std::max<int64_t>(0, tokens - 1)));
    const double one_side = n * reach - reach * (reach + 1) / 2;
    if (causal()) return tokens == 0 ? 1.0 : (n + one_side) / (n * (n + 1) / 2);
    return tokens == 0 ? 1.0 : (n + 2 * one_side) / (n * n);
}

std::string LocalAttention::remark(int64_t tokens, int64_t keys) const {
    if (sees_all(tokens)) {
        return fmt::format("local is the same as sdpa for {} tokens: attention.window is {}", tokens, window_);
    }
    return fmt::format("local computes {:.1f} % of the scores for {} tokens: attention.window is {}",
                       100 * score_share(tokens, keys), tokens, window_);
}

std::vector<double> LocalAttention::covered_mass(const AttentionInput& input) {
    NoGradient guard(input.query.context());
    const Tensor dense = scaled_dot_product_weights(heads_of(input));
    const int64_t batch = dense.shape()[0], heads = dense.shape()[1], tokens = dense.shape()[2];
    const std::vector<float> weights = dense.to_vector();
    std::vector<int32_t> lengths(static_cast<size_t>(batch), static_cast<int32_t>(tokens));
    if (input.mask.key_lengths.defined()) input.mask.key_lengths.copy_to_host(lengths.data());
    std::vector<double> covered(static_cast<size_t>(heads), 0.0);
    double queries = 0.0;
    for (int64_t sample = 0; sample < batch; ++sample) {
        const int64_t real = lengths[static_cast<size_t>(sample)];
        queries += static_cast<double>(real);
        for (int64_t head = 0; head < heads; ++head) {
            for (int64_t t = 0; t < real; ++t) {
                const float* row = weights.data() + ((sample * heads + head) * tokens + t) * tokens;
                const int64_t end = std::min(tokens, t + after() + 1);
                for (int64_t key = std::max<int64_t>(0, t - before()); key < end; ++key) {
                    covered[static_cast<size_t>(head)] += static_cast<double>(row[key]);
                }
            }
        }
    }
    for (double& share : covered) share = queries == 0.0 ? 1.0 : share / queries;
    return covered;
}

std::unique_ptr<Attention> make_local(const AttentionGeometry& geometry, const AttentionOptions& options) {
    const auto* own = dynamic_cast<const LocalOptions*>(&options);
    if (!own) throw Error("local: expected the options of local");
    return std::make_unique<LocalAttention>(geometry, *own);
}

}  // namespace heed
