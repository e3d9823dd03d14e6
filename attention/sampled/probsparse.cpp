#include "heed/attention/sampled/probsparse.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "heed/attention/sampled/selected_queries.h"
#include "heed/attention/sampled/selection_size.h"
#include "heed/attention/types/multi_head.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/elementwise/dropout.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/core/ops/tokens/tokens.h"

namespace heed {

void ProbsparseOptions::describe(Fields& fields) {
    AttentionOptions::describe(fields);
    fields.add("factor", factor, "of n queries, factor times the logarithm of n have softmax attention").range(1, 1024);
}

namespace {

class ProbsparseAttention final : public MultiHeadAttention {
public:
    ProbsparseAttention(const AttentionGeometry& geometry, const ProbsparseOptions& options)
        : MultiHeadAttention(geometry, options, {.key = true, .value = true}), factor_(options.factor) {}

    int64_t multiplies(int64_t tokens, int64_t keys) const override {
        const int64_t selected = selection_size(factor_, tokens);
        // Sampled scores, then scores and weighted values of the selected queries.
        return projection_multiplies(tokens, keys) + (tokens + 2 * keys) * selected * geometry().dim;
    }

    double score_share(int64_t tokens, int64_t keys) const override {
        const int64_t selected = selection_size(factor_, tokens);
        return static_cast<double>((tokens + keys) * selected) /
               static_cast<double>(std::max<int64_t>(tokens * keys, 1));
    }

    std::string remark(int64_t tokens, int64_t keys) const override {
        const int64_t selected = selection_size(factor_, tokens);
        if (selected == tokens) {
            return fmt::format(
                "probsparse is the same as sdpa for {} tokens: all queries are selected "
                "(attention.factor is {})",
                tokens, factor_);
        }
        return fmt::format(
            "probsparse computes {:.1f} % of the scores for {} tokens: {} queries of a head, and {} sampled "
            "keys of each query",
            100 * score_share(tokens, keys), tokens, selected, selected);
    }

protected:
    Variable attend(const ScaledDotProduct& heads, const AttentionMask&, const ForwardState& state) override {
        const int64_t batch = heads.query.source.shape()[0], tokens = heads.query.source.shape()[1];
        const Tensor selected = select(heads, state);
        const Variable exact = scaled_dot_product(of_selected(heads, selected));
        const Variable mean = pool_tokens(heads.value.source, TokenPool::mean, heads.mask.key_lengths);
        const HeadColumns mean_values = {reshape(mean, {batch, 1, mean.shape()[-1]}), heads.value.first_column};
        const Variable outputs = place_rows(exact, mean_values, heads.head_dim, selected, tokens);
        return heads.dropout > 0.0f ? dropout(outputs, heads.dropout, heads.stream) : outputs;
    }

    Tensor attend_weights(const ScaledDotProduct& heads, const AttentionMask&) override {
        const int64_t batch = heads.query.source.shape()[0], tokens = heads.query.source.shape()[1];
        const Tensor chosen = select(heads, {});
        const std::vector<float> exact = scaled_dot_product_weights(of_selected(heads, chosen)).to_vector();
        std::vector<int32_t> selected(static_cast<size_t>(chosen.elements()));
        chosen.copy_to_host(selected.data());
        std::vector<int32_t> lengths(static_cast<size_t>(batch), static_cast<int32_t>(tokens));
        if (heads.mask.key_lengths.defined()) heads.mask.key_lengths.copy_to_host(lengths.data());
        std::vector<float> weights(static_cast<size_t>(batch * heads.heads * tokens * tokens), 0.0f);
        const int64_t most = chosen.shape()[2];
        for (int64_t head = 0; head < batch * heads.heads; ++head) {
            const auto rows = weights.begin() + head * tokens * tokens;
            const int64_t n = lengths[static_cast<size_t>(head / heads.heads)];
            for (int64_t i = 0; i < tokens; ++i) std::fill_n(rows + i * tokens, n, 1.0f / static_cast<float>(n));
            for (int64_t s = 0; s < most; ++s) {
                const int64_t query = selected[static_cast<size_t>(head * most + s)];
                if (query >= 0) std::copy_n(exact.begin() + (head * most + s) * tokens, tokens, rows + query * tokens);
            }
        }
        return Tensor::from_host(chosen.context(), {batch, heads.heads, tokens, tokens},
                                 std::span<const float>(weights));
    }

private:
    /// The queries of each head that have softmax attention.
    Tensor select(const ScaledDotProduct& heads, const ForwardState& state) const {
        const int64_t tokens = heads.query.source.shape()[1];
        return select_queries({.query = heads.query,
                               .key = heads.key,
                               .heads = heads.heads,
                               .head_dim = heads.head_dim,
                               .factor = factor_,
                               .lengths = heads.mask.key_lengths,
                               .words = random_words(heads.query.source.context(), tokens, state)});
    }

    /// Attention of the selected queries over all keys, without dropout.
    static ScaledDotProduct of_selected(const ScaledDotProduct& heads, const Tensor& selected) {
        ScaledDotProduct result = heads;
        result.query = {take_rows(heads.query, heads.head_dim, selected), 0};
        result.dropout = 0.0f;
        return result;
    }

    /// Random bits of each query and sampled key. Those of a query do not depend on the number of tokens, so that
    /// padding changes nothing.
    Tensor random_words(Context& context, int64_t tokens, const ForwardState& state) const {
        // Outside of training a model gives the same answer whatever the seed of the run that asks.
        const RandomKey key = random_key(state.training ? state.seed : 0, RandomPurpose::hashing, name());
        const int64_t most = selection_size(factor_, tokens);
        std::vector<int32_t> words;
        words.reserve(static_cast<size_t>(tokens * most));
        for (int64_t i = 0; i < tokens; ++i) {
            RandomSequence sequence(key, state.training ? state.step : 0,
                                    static_cast<uint32_t>(2 * i + (state.training ? 0 : 1)));
            for (int64_t s = 0; s < most; ++s) words.push_back(static_cast<int32_t>(sequence.next()));
        }
        return Tensor::from_host(context, {tokens, most}, std::span<const int32_t>(words));
    }

    int64_t factor_;
};

}  // namespace

std::unique_ptr<Attention> make_probsparse(const AttentionGeometry& geometry, const AttentionOptions& options) {
    const auto* own = dynamic_cast<const ProbsparseOptions*>(&options);
    if (!own) throw Error("probsparse: expected the options of probsparse");
    return std::make_unique<ProbsparseAttention>(geometry, *own);
}

}  // namespace heed
