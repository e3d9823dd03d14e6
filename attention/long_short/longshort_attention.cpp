#include "heed/attention/long_short/longshort_attention.h"

#include <optional>
#include <string>
#include <utility>

#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/attention/long_short/windowed_dot_product.h"
#include "heed/attention/types/token_buffer.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/module/linear.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/products/matmul.h"
#include "heed/core/ops/rows/layer_norm.h"
#include "heed/core/ops/rows/softmax.h"
#include "heed/core/ops/shapes/copy_rows.h"
#include "heed/core/ops/shapes/permute_heads.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/core/ops/tokens/first_tokens.h"
#include "heed/core/ops/tokens/real_tokens.h"

namespace heed {

namespace {

/// Layer normalisation of one of the two branches.
struct BranchNorm {
    explicit BranchNorm(int64_t dim)
        : weight({dim}, Initializer::constant(1.0f), false), bias({dim}, Initializer::constant(0.0f), false) {}

    Variable operator()(const Variable& x) { return layer_norm(x, weight.variable(), bias.variable(), 1e-5f); }

    Parameter weight, bias;
};

/// What a layer computes of each token, [batch, tokens, ...].
struct TokenFeatures {
    Variable query, key, value;
    Variable scores;  ///< of tokens for the summaries of each head, [batch, tokens, heads * summaries]
};

struct KeysAndValues {
    Variable key, value;
};

/// Keys and values side by side as a cache keeps them.
struct PairBuffer {
    PairBuffer(Context& context, int64_t rows, int64_t width, int64_t expected)
        : key(context, rows, width, expected), value(context, rows, width, expected) {}

    void append(const Tensor& keys, const Tensor& values) {
        key.append(keys);
        value.append(values);
    }
    void reorder(const Tensor& index) {
        key.reorder(index);
        value.reorder(index);
    }

    TokenBuffer key, value;
};

/// The cache of causal self-attention.
struct LongShortCache final : AttentionCache {
    LongShortCache(Context& context, int64_t rows, int64_t dim, int64_t scores, int64_t chunk, int64_t expected)
        : window(context, rows, dim, expected),
          memory(context, rows, dim, expected / chunk),
          open(context, rows, dim, chunk),
          open_scores(context, rows, scores, chunk) {}

    void reorder(std::span<const int32_t> rows) override {
        const Tensor index =
            indices_on_device(window.key.values().context(), "rows", {std::ssize(rows)}, rows, 0, window.key.rows());
        window.reorder(index);
        memory.reorder(index);
        open.reorder(index);
        open_scores.reorder(index);
    }

    PairBuffer window;        ///< all tokens, normalised
    PairBuffer memory;        ///< the summaries of whole chunks, normalised
    PairBuffer open;          ///< the tokens behind the last whole chunk, as they were projected
    TokenBuffer open_scores;  ///< and their scores
};

class LongShortAttention final : public Attention {
public:
    LongShortAttention(const AttentionGeometry& geometry, const LongShortOptions& options)
        : Attention(geometry),
          window_(options.window),
          chunk_(geometry.pattern == AttentionPattern::causal_self ? options.chunk : 0),
          summaries_(chunk_ > 0 ? options.rank : options.landmarks),
          dropout_(static_cast<float>(options.dropout)),
          query_(geometry.dim, geometry.dim, options.bias),
          key_(geometry.dim, geometry.dim, options.bias),
          value_(geometry.dim, geometry.dim, options.bias),
          output_(geometry.dim, geometry.dim, options.bias),
          window_norm_(geometry.dim) {
        add("query", query_);
        add("key", key_);
        add("value", value_);
        add("output", output_);
        add("window_norm.weight", window_norm_.weight);
        add("window_norm.bias", window_norm_.bias);
        if (summaries_ == 0) return;
        // Without a bias, which would shift the scores of all tokens alike.
        summary_.emplace(geometry.dim, geometry.heads * summaries_, false);
        memory_norm_.emplace(geometry.dim);
        add("summary", *summary_);
        add("memory_norm.weight", memory_norm_->weight);
        add("memory_norm.bias", memory_norm_->bias);
    }

    Variable head_outputs(const AttentionInput& input, const ForwardState& state) override {
        source_of(input);
        const Tensor& lengths = input.mask.key_lengths;
        const TokenFeatures features = features_of(real_tokens(input.query, lengths));
        const WindowLayout layout = layout_of(input.query.shape()[1]);
        WindowedDotProduct attention{.query = features.query,
                                     .key = window_norm_(features.key),
                                     .value = window_norm_(features.value),
                                     .memory_key = {},
                                     .memory_value = {},
                                     .heads = geometry().heads,
                                     .layout = layout,
                                     .lengths = lengths,
                                     .stream = {}};
        if (layout.memory() > 0) {
            const KeysAndValues memory = memory_of(features, lengths);
            attention.memory_key = memory.key;
            attention.memory_value = memory.value;
        }
        if (state.training && dropout_ > 0.0f) {
            attention.dropout = dropout_;
            attention.stream = random_stream(state, RandomPurpose::dropout);
        }
        return windowed_dot_product(attention);
    }

    Variable project_heads(const Variable& outputs) override { return output_.forward(outputs); }

    int64_t multiplies(int64_t tokens, int64_t) const override {
        const int64_t dim = geometry().dim;
        const WindowLayout layout = layout_of(tokens);
        const int64_t summarized = layout.causal() ? tokens / chunk_ * chunk_ : tokens;
        return tokens * dim * (4 * dim + geometry().heads * summaries_) + 2 * summarized * summaries_ * dim +
               2 * layout.pairs() * dim;
    }

    double score_share(int64_t tokens, int64_t) const override {
        const auto n = static_cast<double>(tokens);
        if (tokens == 0) return 1.0;
        const WindowLayout layout = layout_of(tokens);
        double pairs = 0;
        for (int64_t number = 0; number < layout.blocks(); ++number) {
            const WindowLayout::Block block = layout.block(number);
            const auto queries = static_cast<double>(block.queries);
            pairs += queries * static_cast<double>(block.keys());
            if (layout.causal()) pairs -= queries * (queries - 1) / 2;
        }
        return pairs / (layout.causal() ? n * (n + 1) / 2 : n * n);
    }

protected:
    std::unique_ptr<AttentionCache> make_causal_cache(Context& context, const DecodingStart& start) override {
        return std::make_unique<LongShortCache>(context, start.batch, geometry().dim, geometry().heads * summaries_,
                                                chunk_, start.expected_tokens);
    }

    Tensor causal_step(const Tensor& x, AttentionCache& cache) override {
        LongShortCache& own = own_cache(cache);
        const TokenFeatures features = features_of(Variable(x));
        append(features, own);
        const int64_t tokens = own.window.key.tokens();
        const WindowLayout layout = layout_of(tokens);
        const WindowLayout::Block block = layout.block(layout.blocks() - 1);
        ScaledDotProduct heads;
        heads.query = {features.query, 0};
        heads.key = {Variable(keys_of(own.memory.key, own.window.key, block)), 0};
        heads.value = {Variable(keys_of(own.memory.value, own.window.value, block)), 0};
        heads.heads = geometry().heads;
        heads.head_dim = geometry().dim / geometry().heads;
        return project_heads(scaled_dot_product(heads)).value();
    }

    Tensor causal_extend(const Tensor& x, AttentionCache& cache) override {
        LongShortCache& own = own_cache(cache);
        if (own.window.key.tokens() > 0) return Attention::causal_extend(x, cache);
        const TokenFeatures features = features_of(Variable(x));
        const KeysAndValues window = append(features, own);
        const WindowLayout layout = layout_of(x.shape()[1]);
        WindowedDotProduct attention{.query = features.query,
                                     .key = window.key,
                                     .value = window.value,
                                     .memory_key = {},
                                     .memory_value = {},
                                     .heads = geometry().heads,
                                     .layout = layout,
                                     .lengths = {},
                                     .stream = {}};
        if (layout.memory() > 0) {
            attention.memory_key = Variable(tokens_of(own.memory.key, 0, layout.memory()));
            attention.memory_value = Variable(tokens_of(own.memory.value, 0, layout.memory()));
        }
        return project_heads(windowed_dot_product(attention)).value();
    }

private:
    WindowLayout layout_of(int64_t tokens) const {
        return {.tokens = tokens, .window = window_, .chunk = chunk_, .summaries = summaries_};
    }

    TokenFeatures features_of(const Variable& x) {
        return {query_.forward(x), key_.forward(x), value_.forward(x), summary_ ? summary_->forward(x) : Variable()};
    }

    /// The normalised summaries of all tokens, or of each whole chunk, [batch, summaries, dim].
    KeysAndValues memory_of(const TokenFeatures& features, const Tensor& lengths) {
        const int64_t batch = features.key.shape()[0], tokens = features.key.shape()[1];
        const int64_t parts = chunk_ > 0 ? tokens / chunk_ : 1, length = chunk_ > 0 ? chunk_ : tokens;
        const int64_t heads = geometry().heads, head_dim = geometry().dim / heads;
        const auto in_parts = [&](const Variable& x, int64_t width) {
            const Shape shape = {batch * parts, length, x.shape()[2] / width, width};
            return permute_heads(reshape(first_tokens(x, parts * length), shape));
        };
        // Padded tokens within a chunk reach the summary of a chunk that real tokens never meet.
        const Variable scores = reshape(in_parts(features.scores, 1), {batch * parts, heads * summaries_, length});
        const Variable shares =
            reshape(softmax(scores, chunk_ > 0 ? Tensor() : lengths), {batch * parts, heads, summaries_, length});
        const auto summarized = [&](const Variable& x) {
            const Variable sums = permute_heads(matmul(shares, in_parts(x, head_dim)));
            return (*memory_norm_)(reshape(sums, {batch, parts * summaries_, geometry().dim}));
        };
        return {summarized(features.key), summarized(features.value)};
    }

    static LongShortCache& own_cache(AttentionCache& cache) {
        if (auto* own = dynamic_cast<LongShortCache*>(&cache)) return *own;
        throw Error("an attention layer was given the cache of another type");
    }

    /// Adds tokens to a cache, and the summaries of the chunks that they make whole; returns their normalised keys and
    /// values. Several tokens at once are the first ones.
    KeysAndValues append(const TokenFeatures& features, LongShortCache& cache) {
        const KeysAndValues window = {window_norm_(features.key), window_norm_(features.value)};
        cache.window.append(window.key.value(), window.value.value());
        const int64_t tokens = features.key.shape()[1], whole = tokens > 1 ? tokens / chunk_ * chunk_ : 0;
        if (whole > 0) {
            const KeysAndValues memory = memory_of(features, {});
            cache.memory.append(memory.key.value(), memory.value.value());
        }
        if (tokens > whole) {
            cache.open.append(tokens_behind(features.key.value(), whole), tokens_behind(features.value.value(), whole));
            cache.open_scores.append(tokens_behind(features.scores.value(), whole));
        }
        if (cache.open.key.tokens() < chunk_) return window;
        const auto all = [&](const TokenBuffer& buffer) { return Variable(tokens_of(buffer, 0, chunk_)); };
        const KeysAndValues memory =
            memory_of({{}, all(cache.open.key), all(cache.open.value), all(cache.open_scores)}, {});
        cache.memory.append(memory.key.value(), memory.value.value());
        Context& context = features.key.context();
        const int64_t rows = features.key.shape()[0];
        cache.open = PairBuffer(context, rows, geometry().dim, chunk_);
        cache.open_scores = TokenBuffer(context, rows, geometry().heads * summaries_, chunk_);
        return window;
    }

    /// Tokens of a buffer, side by side: [rows, count, width].
    static Tensor tokens_of(const TokenBuffer& buffer, int64_t first, int64_t count) {
        const Shape& shape = buffer.values().shape();
        Tensor part = Tensor::empty(buffer.values().context(), {shape[0], count, shape[2]});
        copy_rows({buffer.values(), first * shape[2], shape[1] * shape[2]}, {part, 0, count * shape[2]}, shape[0],
                  count * shape[2]);
        return part;
    }

    /// x [rows, tokens, width] from token `first` on.
    static Tensor tokens_behind(const Tensor& x, int64_t first) {
        if (first == 0) return x;
        const int64_t tokens = x.shape()[1], width = x.shape()[2], count = tokens - first;
        Tensor part = Tensor::empty(x.context(), {x.shape()[0], count, width});
        copy_rows({x, first * width, tokens * width}, {part, 0, count * width}, x.shape()[0], count * width);
        return part;
    }

    /// The keys or values that the last query meets, [rows, keys, dim].
    Tensor keys_of(const TokenBuffer& memory, const TokenBuffer& window, const WindowLayout::Block& block) const {
        const int64_t rows = window.rows(), dim = geometry().dim, count = block.end_key - block.first_key;
        Tensor all = Tensor::empty(window.values().context(), {rows, block.keys(), dim});
        const auto copy = [&](const TokenBuffer& from, int64_t first, int64_t tokens, int64_t place) {
            copy_rows({from.values(), first * dim, from.values().shape()[1] * dim},
                      {all, place * dim, block.keys() * dim}, rows, tokens * dim);
        };
        copy(memory, 0, block.memory, 0);
        copy(window, block.first_key, count, block.memory);
        return all;
    }

    int64_t window_, chunk_, summaries_;
    float dropout_;
    Linear query_, key_, value_, output_;
    BranchNorm window_norm_;
    std::optional<Linear> summary_;
    std::optional<BranchNorm> memory_norm_;
};

}  // namespace

void LongShortOptions::describe(Fields& fields) {
    AttentionOptions::describe(fields);
    fields
        .add("window", window,
             "tokens of a block of queries, which meets itself and half as many tokens on either side (causal: itself "
             "and as many before it)")
        .range(1, 65536)
        .unit("tokens");
    fields.add("landmarks", landmarks, "in noncausal self-attention, summaries of all tokens; 0: the windows alone")
        .range(0, 4096);
    fields.add("chunk", chunk, "in causal self-attention, tokens that are summarized together once they are whole")
        .range(1, 65536)
        .unit("tokens");
    fields.add("rank", rank, "in causal self-attention, summaries of each chunk").range(1, 1024);
}

std::unique_ptr<Attention> make_longshort(const AttentionGeometry& geometry, const AttentionOptions& options) {
    const auto* own = dynamic_cast<const LongShortOptions*>(&options);
    if (!own) throw Error("longshort: expected the options of longshort");
    return std::make_unique<LongShortAttention>(geometry, *own);
}

}  // namespace heed
