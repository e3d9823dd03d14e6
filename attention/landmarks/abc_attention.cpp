#include "heed/attention/landmarks/abc_attention.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/products/matmul.h"
#include "heed/core/ops/shapes/copy_rows.h"
#include "heed/core/ops/tokens/tokens.h"

namespace heed {

namespace {

/// The state of each row in causal self-attention.
struct AbcSelfCache final : AttentionCache {
    Tensor state;

    void reorder(std::span<const int32_t> rows) override {
        state = gather_rows(state,
                            indices_on_device(state.context(), "rows", {std::ssize(rows)}, rows, 0, state.shape()[0]));
    }
};

/// The filled slots of each source in cross-attention.
struct AbcCrossSlots final : AttentionCache {
    Variable keys, values;

    void reorder(std::span<const int32_t> rows) override {
        const Tensor index = indices_on_device(keys.context(), "rows", {std::ssize(rows)}, rows, 0, keys.shape()[0]);
        keys = Variable(gather_rows(keys.value(), index));
        values = Variable(gather_rows(values.value(), index));
    }
};

/// Component c of head h of a token, of columns that are on the host.
struct HostHeads {
    std::vector<float> values;
    int64_t tokens, width, first, head_dim;

    HostHeads(const HeadColumns& columns, int64_t dim)
        : values(columns.source.value().to_vector()),
          tokens(columns.source.shape()[1]),
          width(columns.source.shape()[2]),
          first(columns.first_column),
          head_dim(dim) {}

    const float* at(int64_t b, int64_t t, int64_t h) const {
        return values.data() + (b * tokens + t) * width + first + h * head_dim;
    }
};

double product(const float* a, const float* b, int64_t size) {
    double sum = 0;
    for (int64_t c = 0; c < size; ++c) sum += static_cast<double>(a[c]) * static_cast<double>(b[c]);
    return sum / std::sqrt(static_cast<double>(size));
}

void normalise(std::vector<double>& scores) {
    double greatest = scores[0], sum = 0;
    for (const double score : scores) greatest = std::max(greatest, score);
    for (double& score : scores) sum += score = std::exp(score - greatest);
    for (double& score : scores) score /= sum;
}

}  // namespace

void AbcOptions::describe(Fields& fields) {
    AttentionOptions::describe(fields);
    fields.add("slots", slots, "places of the memory that stands for all keys and values").range(1, 4096);
}

AbcAttention::AbcAttention(const AttentionGeometry& geometry, const AbcOptions& options)
    : MultiHeadAttention(geometry, options, {.key = true, .value = true}),
      slots_(options.slots),
      key_slots_({options.slots, geometry.dim}, Initializer::normal(1.0f), false),
      value_slots_({options.slots, geometry.dim}, Initializer::normal(1.0f), false) {
    add("key_slots.weight", key_slots_);
    add("value_slots.weight", value_slots_);
}

Variable AbcAttention::batch_of(Parameter& slots, int64_t batch) const {
    const Variable& all = slots.variable();
    return assemble_tokens(Variable(Tensor::zeros(all.context(), {batch, slots_, geometry().dim})), {}, all);
}

ScaledDotProduct AbcAttention::filling(const ScaledDotProduct& heads, Parameter& slots,
                                       const HeadColumns& tokens) const {
    ScaledDotProduct fill = heads;
    fill.query = {batch_of(slots, tokens.source.shape()[0]), 0};
    fill.key = fill.value = tokens;
    fill.causal = false;
    fill.dropout = 0.0f;
    return fill;
}

ScaledDotProduct AbcAttention::reading(const ScaledDotProduct& heads, const Variable& keys,
                                       const Variable& values) const {
    ScaledDotProduct read = heads;
    read.key = {keys, 0};
    read.value = {values, 0};
    read.mask = {};
    return read;
}

RunningSlots AbcAttention::running(const ScaledDotProduct& heads) {
    const int64_t batch = heads.query.source.shape()[0];
    return {heads, {batch_of(key_slots_, batch), 0}, {batch_of(value_slots_, batch), 0}};
}

Variable AbcAttention::attend(const ScaledDotProduct& heads, const AttentionMask&, const ForwardState&) {
    if (causal_self()) return running_slots(running(heads));
    const Variable keys = scaled_dot_product(filling(heads, key_slots_, heads.key));
    const Variable values = scaled_dot_product(filling(heads, value_slots_, heads.value));
    return scaled_dot_product(reading(heads, keys, values));
}

Tensor AbcAttention::attend_weights(const ScaledDotProduct& heads, const AttentionMask&) {
    if (causal_self()) return causal_weights(heads);
    const Variable keys = scaled_dot_product(filling(heads, key_slots_, heads.key));
    const Tensor of_slots = scaled_dot_product_weights(reading(heads, keys, keys));
    const Tensor of_keys = scaled_dot_product_weights(filling(heads, value_slots_, heads.value));
    return matmul(Variable(of_slots), Variable(of_keys)).value();
}

/// For looking at: in double precision, each query's slots anew.
Tensor AbcAttention::causal_weights(const ScaledDotProduct& heads) {
    const Shape& shape = heads.query.source.shape();
    const int64_t batch = shape[0], n = shape[1], d = heads.head_dim;
    const HostHeads query(heads.query, d), key(heads.key, d), value(heads.value, d);
    const std::vector<float> key_slots = key_slots_.value().to_vector(), value_slots = value_slots_.value().to_vector();
    std::vector<int32_t> lengths(static_cast<size_t>(batch), static_cast<int32_t>(n));
    if (heads.mask.key_lengths.defined()) heads.mask.key_lengths.copy_to_host(lengths.data());
    std::vector<float> weights(static_cast<size_t>(batch * heads.heads * n * n), 0.0f);
    const auto slot_at = [&](const std::vector<float>& slots, int64_t slot, int64_t h) {
        return slots.data() + slot * geometry().dim + h * d;
    };
    for (int64_t b = 0; b < batch; ++b) {
        for (int64_t h = 0; h < heads.heads; ++h) {
            for (int64_t t = 0; t < lengths[static_cast<size_t>(b)]; ++t) {
                std::vector<double> scores(static_cast<size_t>(slots_));
                std::vector<std::vector<double>> shares;
                for (int64_t slot = 0; slot < slots_; ++slot) {
                    std::vector<double> of_key, of_value;
                    for (int64_t i = 0; i <= t; ++i) {
                        of_key.push_back(product(slot_at(key_slots, slot, h), key.at(b, i, h), d));
                        of_value.push_back(product(slot_at(value_slots, slot, h), value.at(b, i, h), d));
                    }
                    normalise(of_key);
                    normalise(of_value);
                    double& score = scores[static_cast<size_t>(slot)];
                    for (int64_t i = 0; i <= t; ++i) {
                        score += of_key[static_cast<size_t>(i)] * product(query.at(b, t, h), key.at(b, i, h), d);
                    }
                    shares.push_back(std::move(of_value));
                }
                normalise(scores);
                float* row = weights.data() + ((b * heads.heads + h) * n + t) * n;
                for (size_t slot = 0; slot < shares.size(); ++slot) {
                    for (size_t i = 0; i < shares[slot].size(); ++i) {
                        row[i] += static_cast<float>(scores[slot] * shares[slot][i]);
                    }
                }
            }
        }
    }
    return Tensor::from_host(heads.query.source.context(), {batch, heads.heads, n, n}, std::span<const float>(weights));
}

std::unique_ptr<AttentionCache> AbcAttention::make_causal_cache(Context& context, const DecodingStart& start) {
    if (!causal_self()) return MultiHeadAttention::make_causal_cache(context, start);
    auto cache = std::make_unique<AbcSelfCache>();
    cache->state =
        running_slots_begin(context, start.batch, geometry().heads, slots_, geometry().dim / geometry().heads);
    return cache;
}

Tensor AbcAttention::causal_step(const Tensor& x, AttentionCache& cache) {
    return causal_self() ? causal_extend(x, cache) : MultiHeadAttention::causal_step(x, cache);
}

Tensor AbcAttention::causal_extend(const Tensor& x, AttentionCache& cache) {
    if (!causal_self()) return MultiHeadAttention::causal_extend(x, cache);
    auto* own = dynamic_cast<AbcSelfCache*>(&cache);
    if (own == nullptr) throw Error("an attention layer was given the cache of another type");
    const RunningSlots tokens = running(heads_of({Variable(x), {}, {}}));
    return project_heads(Variable(running_slots_extend(tokens, own->state))).value();
}

Tensor AbcAttention::attend_step(const ScaledDotProduct& heads, int64_t, std::unique_ptr<AttentionCache>& kept) {
    if (!kept) {
        auto filled = std::make_unique<AbcCrossSlots>();
        filled->keys = scaled_dot_product(filling(heads, key_slots_, heads.key));
        filled->values = scaled_dot_product(filling(heads, value_slots_, heads.value));
        kept = std::move(filled);
    }
    const auto& slots = dynamic_cast<const AbcCrossSlots&>(*kept);
    return scaled_dot_product(reading(heads, slots.keys, slots.values)).value();
}

int64_t AbcAttention::multiplies(int64_t tokens, int64_t keys) const {
    return projection_multiplies(tokens, keys) + (4 * keys + 2 * tokens) * slots_ * geometry().dim;
}

double AbcAttention::score_share(int64_t tokens, int64_t keys) const {
    if (tokens == 0 || keys == 0) return 1.0;
    const auto n = static_cast<double>(tokens), m = static_cast<double>(keys);
    const double all = causal_self() ? n * (n + 1) / 2 : n * m;
    return static_cast<double>(slots_) * (n + 2 * m) / all;
}

std::unique_ptr<Attention> make_abc(const AttentionGeometry& geometry, const AttentionOptions& options) {
    const auto* own = dynamic_cast<const AbcOptions*>(&options);
    if (!own) throw Error("abc: expected the options of abc");
    return std::make_unique<AbcAttention>(geometry, *own);
}

}  // namespace heed
