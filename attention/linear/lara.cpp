#include "heed/attention/linear/lara.h"

#include <cmath>
#include <vector>

#include "heed/attention/linear/feature_kernels.h"
#include "heed/attention/linear/log_features.h"
#include "heed/attention/linear/random_feature_attention.h"
#include "heed/attention/linear/segment_means.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/elementwise/elementwise.h"
#include "heed/core/ops/products/matmul.h"
#include "heed/core/ops/shapes/copy_rows.h"
#include "heed/core/ops/shapes/reshape.h"

namespace heed {

void LaraOptions::describe(Fields& fields) {
    AttentionOptions::describe(fields);
    fields.add("landmarks", landmarks, "number of segments of the tokens, each of which proposes one random feature")
        .range(1, largest_features);
}

namespace {

/// x [..., a] -> -|x|^2 / 2, with one component in the place of all.
Variable half_squared_norm(const Variable& x) {
    const int64_t width = x.shape()[-1];
    const Variable none(Tensor::zeros(x.context(), {1, 1, 1, width}));
    return log_features({reshape(x, {1, x.shape().rows(), width}), 0}, none, 0.5f);
}

/// The same values for each sample.
Tensor repeated(const Tensor& one, int64_t batch) {
    return gather_rows(one, Tensor::zeros(one.context(), {batch}, DType::i32));
}

class LaraAttention final : public RandomFeatureAttention {
public:
    LaraAttention(const AttentionGeometry& geometry, const LaraOptions& options)
        : RandomFeatureAttention(geometry, options, "lara", options.landmarks) {}

protected:
    FeatureAttention with_features(const ScaledDotProduct& heads, const ForwardState& state) override {
        const float root = std::sqrt(std::sqrt(static_cast<float>(heads.head_dim)));
        const auto landmarks_of = [&](const HeadColumns& x) {
            return segment_means({.x = x,
                                  .heads = heads.heads,
                                  .head_dim = heads.head_dim,
                                  .segments = features(),
                                  .lengths = heads.mask.key_lengths});
        };
        const Variable means = scale(heed::add(landmarks_of(heads.query), landmarks_of(heads.key)), 1 / root);
        Variable drawn = means;
        // Logarithm of N(w_c; 0, 1) / N(w_c; mu_c, 1) = (|w_c - mu_c|^2 - |w_c|^2) / 2.
        Variable ratio = half_squared_norm(means);
        if (state.training) {
            const Variable noise(repeated(normal_numbers(means.context(), state), heads.query.source.shape()[0]));
            drawn = heed::add(means, noise);
            ratio = heed::add(half_squared_norm(drawn), scale(half_squared_norm(noise), -1.0f));
        }
        FeatureAttention result;
        const Variable query = log_features(heads.query, scale(heed::add(means, drawn), 1 / root), 0.0f);
        result.query = heed::add(query, of_each_token(ratio, query.shape()));
        result.key = log_features(heads.key, scale(drawn, 1 / root), 0.5f / (root * root));
        result.value = heads.value;
        result.head_dim = heads.head_dim;
        result.key_lengths = heads.mask.key_lengths;
        result.logarithmic = true;
        return result;
    }

private:
    /// The numbers of each sample, [batch * heads * landmarks], for all its tokens: in the shape of features.
    static Variable of_each_token(const Variable& numbers, const Shape& features) {
        const int64_t batch = features[0], tokens = features[1], width = features[2] * features[3];
        const std::vector<float> ones(static_cast<size_t>(batch * tokens), 1.0f);
        const Variable column(Tensor::from_host(numbers.context(), {batch, tokens, 1}, std::span<const float>(ones)));
        return reshape(matmul(column, reshape(numbers, {batch, 1, width})), features);
    }

    /// [1, heads, landmarks, head_dim], of the step of a training.
    Tensor normal_numbers(Context& context, const ForwardState& state) const {
        const int64_t heads = geometry().heads, head_dim = geometry().dim / heads;
        RandomSequence sequence(random_key(state.seed, RandomPurpose::hashing, name()), state.step);
        std::vector<float> numbers(static_cast<size_t>(heads * features() * head_dim));
        for (float& each : numbers) each = sequence.normal();
        return Tensor::from_host(context, {1, heads, features(), head_dim}, std::span<const float>(numbers));
    }
};

}  // namespace

std::unique_ptr<Attention> make_lara(const AttentionGeometry& geometry, const AttentionOptions& options) {
    const auto* own = dynamic_cast<const LaraOptions*>(&options);
    if (!own) throw Error("lara: expected the options of lara");
    return std::make_unique<LaraAttention>(geometry, *own);
}

}  // namespace heed
