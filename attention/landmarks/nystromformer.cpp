#include "heed/attention/landmarks/nystromformer.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "heed/attention/convolution/token_convolution.h"
#include "heed/attention/landmarks/pseudo_inverse.h"
#include "heed/attention/linear/segment_means.h"
#include "heed/attention/types/multi_head.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/elementwise/elementwise.h"
#include "heed/core/ops/products/matmul.h"
#include "heed/core/ops/rows/softmax.h"
#include "heed/core/ops/shapes/permute_heads.h"
#include "heed/core/ops/shapes/reshape.h"

namespace heed {

namespace {

/// [batch, heads, tokens, head_dim] as columns [batch, tokens, heads * head_dim], and back.
Variable side_by_side(const Variable& heads) {
    const Variable moved = permute_heads(heads);
    const Shape& shape = moved.shape();
    return reshape(moved, {shape[0], shape[1], shape[2] * shape[3]});
}

Variable by_heads(const Variable& columns, int64_t heads) {
    const Shape& shape = columns.shape();
    return permute_heads(reshape(columns, {shape[0], shape[1], heads, shape[2] / heads}));
}

class Nystromformer final : public MultiHeadAttention {
public:
    Nystromformer(const AttentionGeometry& geometry, const NystromformerOptions& options)
        : MultiHeadAttention(geometry, options, {.key = true, .value = true}), landmarks_(options.landmarks) {
        if (options.convolution == 0) return;
        // What the authors' program starts from.
        const auto bound = 1.0f / std::sqrt(static_cast<float>(options.convolution));
        convolution_.emplace(Shape{geometry.heads, options.convolution}, Initializer::uniform(bound), true);
        add("convolution.weight", *convolution_);
    }

    int64_t multiplies(int64_t tokens, int64_t keys) const override {
        const int64_t convolution = convolution_ ? tokens * convolution_->shape()[1] * geometry().dim : 0;
        return convolution + attention_multiplies(tokens, keys);
    }

    double score_share(int64_t tokens, int64_t keys) const override {
        if (tokens <= landmarks_) return 1.0;
        const auto n = static_cast<double>(tokens), l = static_cast<double>(landmarks_);
        return (2 * n * l + l * l) / (n * static_cast<double>(keys));
    }

    std::string remark(int64_t tokens, int64_t) const override {
        if (tokens > landmarks_) return {};
        return fmt::format("nystromformer is the same as sdpa for {} tokens{}: attention.landmarks is {}", tokens,
                           convolution_ ? ", but for its convolution" : "", landmarks_);
    }

    Tensor weights(const AttentionInput& input) override { return Attention::weights(input); }
    Tensor head_values(const AttentionInput& input) override { return Attention::head_values(input); }

protected:
    Variable attend(const ScaledDotProduct& heads, const AttentionMask&, const ForwardState&) override {
        const Variable outputs = mixed(heads);
        if (!convolution_) return outputs;
        return heed::add(outputs, token_convolution({heads.value, heads.heads, heads.head_dim, convolution_->variable(),
                                                     heads.mask.key_lengths}));
    }

private:
    static constexpr int64_t steps = 6, pseudo_inverse_products = 4 * steps;

    int64_t attention_multiplies(int64_t tokens, int64_t keys) const {
        if (tokens <= landmarks_) return MultiHeadAttention::multiplies(tokens, keys);
        const int64_t l = landmarks_, heads = geometry().heads;
        // F and B with what they mix; A and its inverse, four products a step; the inverse times B V.
        return projection_multiplies(tokens, keys) + (4 * tokens * l + 2 * l * l) * geometry().dim +
               pseudo_inverse_products * heads * l * l * l;
    }

    /// The heads without the convolution.
    Variable mixed(const ScaledDotProduct& heads) const {
        const int64_t batch = heads.query.source.shape()[0], tokens = heads.query.source.shape()[1];
        if (tokens <= landmarks_) return scaled_dot_product(heads);
        // On the device shapes lengths have no values: memory is that of samples that are longer.
        const bool unknown = heads.query.source.context().device().kind() == DeviceKind::shapes;
        if (!heads.mask.key_lengths.defined() || unknown) return by_landmarks(heads);
        // Each sample goes its way, whatever the others are: on the other way it has no tokens, which gives zeros.
        std::vector<int32_t> lengths(static_cast<size_t>(batch));
        heads.mask.key_lengths.copy_to_host(lengths.data());
        const auto is_short = [&](int32_t length) { return length <= landmarks_; };
        if (std::none_of(lengths.begin(), lengths.end(), is_short)) return by_landmarks(heads);
        if (std::all_of(lengths.begin(), lengths.end(), is_short)) return scaled_dot_product(heads);
        const auto only = [&](bool of_short) {
            std::vector<int32_t> own = lengths;
            for (int32_t& length : own) length = is_short(length) == of_short ? length : 0;
            ScaledDotProduct some = heads;
            some.mask.key_lengths =
                Tensor::from_host(heads.query.source.context(), {batch}, std::span<const int32_t>(own));
            return some;
        };
        return heed::add(scaled_dot_product(only(true)), by_landmarks(only(false)));
    }

    Variable by_landmarks(const ScaledDotProduct& heads) const {
        const auto means = [&](const HeadColumns& x) {
            return segment_means({x, heads.heads, heads.head_dim, landmarks_, heads.mask.key_lengths});
        };
        const Variable query = means(heads.query), key = means(heads.key);
        const float factor = 1.0f / std::sqrt(static_cast<float>(heads.head_dim));
        const Variable inverse =
            pseudo_inverse(softmax(scale(matmul(query, key, /*transpose_b=*/true), factor)), steps);

        ScaledDotProduct gather = heads;  // B V
        gather.query = {side_by_side(query), 0};
        gather.dropout = 0.0f;
        const Variable values = matmul(inverse, by_heads(scaled_dot_product(gather), heads.heads));

        ScaledDotProduct spread = heads;  // F times that
        spread.key = {side_by_side(key), 0};
        spread.value = {side_by_side(values), 0};
        spread.mask = {};
        return scaled_dot_product(spread);
    }

    int64_t landmarks_;
    std::optional<Parameter> convolution_;
};

}  // namespace

void NystromformerOptions::describe(Fields& fields) {
    AttentionOptions::describe(fields);
    fields.add("landmarks", landmarks, "segments of the tokens whose means stand for all; up to this length it is sdpa")
        .range(1, 1024);
    fields
        .add("convolution", convolution,
             "tokens that a depthwise convolution of the values covers, which is added to each head's output: an odd "
             "number; 0: none")
        .range(0, 1023);
}

void NystromformerOptions::validate() const {
    if (convolution == 0 || convolution % 2 == 1) return;
    throw UserError(
        fmt::format("attention.convolution must be odd or 0, as many tokens before as behind; got {}", convolution));
}

std::unique_ptr<Attention> make_nystromformer(const AttentionGeometry& geometry, const AttentionOptions& options) {
    const auto* own = dynamic_cast<const NystromformerOptions*>(&options);
    if (!own) throw Error("nystromformer: expected the options of nystromformer");
    return std::make_unique<Nystromformer>(geometry, *own);
}

}  // namespace heed
