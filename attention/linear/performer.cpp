#include "heed/attention/linear/performer.h"

#include <cmath>
#include <vector>

#include "heed/attention/linear/feature_cache.h"
#include "heed/attention/linear/feature_kernels.h"
#include "heed/attention/linear/log_features.h"
#include "heed/attention/linear/random_directions.h"
#include "heed/attention/linear/random_feature_attention.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"

namespace heed {

void PerformerOptions::describe(Fields& fields) {
    AttentionOptions::describe(fields);
    fields.add("features", features, "number of random features of a head").range(1, largest_features);
}

namespace {

class PerformerAttention final : public RandomFeatureAttention {
public:
    PerformerAttention(const AttentionGeometry& geometry, const PerformerOptions& options)
        : RandomFeatureAttention(geometry, options, "performer", options.features) {}

protected:
    std::unique_ptr<AttentionCache> make_causal_cache(Context& context, const DecodingStart& start) override {
        if (is_cross(geometry().pattern)) return MultiHeadAttention::make_causal_cache(context, start);
        const int64_t heads = geometry().heads, head_dim = geometry().dim / heads;
        const Variable none(Tensor::empty(context, {start.batch, 0, heads, features()}));
        auto cache = std::make_unique<FeatureCache>();
        FeatureAttention empty;
        empty.query = empty.key = none;
        empty.value = {Variable(Tensor::empty(context, {start.batch, 0, geometry().dim})), 0};
        empty.head_dim = head_dim;
        empty.logarithmic = true;
        continue_feature_attention(empty, cache->state);
        return cache;
    }

    Tensor causal_step(const Tensor& x, AttentionCache& cache) override {
        return is_cross(geometry().pattern) ? MultiHeadAttention::causal_step(x, cache) : causal_extend(x, cache);
    }

    Tensor causal_extend(const Tensor& x, AttentionCache& cache) override {
        if (is_cross(geometry().pattern)) return MultiHeadAttention::causal_extend(x, cache);
        auto* own = dynamic_cast<FeatureCache*>(&cache);
        if (!own) throw Error("an attention layer was given the cache of another type");
        const ScaledDotProduct heads = heads_of({Variable(x), {}, {}}, own->tokens);
        own->tokens += x.shape()[1];
        return project_heads(Variable(continue_feature_attention(with_features(heads, {}), own->state))).value();
    }

    /// In cross-attention: keys and values are summed up once.
    Tensor attend_step(const ScaledDotProduct& heads, int64_t, std::unique_ptr<AttentionCache>& kept) override {
        ScaledDotProduct added = heads;
        if (!kept) {
            kept = std::make_unique<FeatureCache>();
        } else {
            added.key = no_tokens(heads.key);
            added.value = {added.key.source, heads.value.first_column};
            added.mask = {};
        }
        return continue_feature_attention(with_features(added, {}), dynamic_cast<FeatureCache&>(*kept).state);
    }

    FeatureAttention with_features(const ScaledDotProduct& heads, const ForwardState&) override {
        const Variable directions = this->directions(heads.query.source.context());
        FeatureAttention result;
        result.query = log_features(heads.query, directions, 0.0f);
        result.key = log_features(heads.key, directions, 0.5f / std::sqrt(static_cast<float>(heads.head_dim)));
        result.value = heads.value;
        result.head_dim = heads.head_dim;
        result.key_lengths = heads.mask.key_lengths;
        result.logarithmic = true;
        result.causal = heads.causal;
        return result;
    }

private:
    /// w_c / r^(1/4), [1, heads, features, head_dim].
    Variable directions(Context& context) {
        const int64_t heads = geometry().heads, head_dim = geometry().dim / heads;
        if (drawn_.empty()) {
            drawn_ = orthogonal_directions(random_key(0, RandomPurpose::hashing, name()), heads, features(), head_dim);
            for (float& each : drawn_) each /= std::sqrt(std::sqrt(static_cast<float>(head_dim)));
        }
        return Variable(Tensor::from_host(context, {1, heads, features(), head_dim}, std::span<const float>(drawn_)));
    }

    std::vector<float> drawn_;
};

}  // namespace

std::unique_ptr<Attention> make_performer(const AttentionGeometry& geometry, const AttentionOptions& options) {
    const auto* own = dynamic_cast<const PerformerOptions*>(&options);
    if (!own) throw Error("performer: expected the options of performer");
    return std::make_unique<PerformerAttention>(geometry, *own);
}

}  // namespace heed
