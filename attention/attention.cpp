#include "heed/attention/attention.h"

#include "heed/attention/registry.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/elementwise/cast.h"
#include "heed/core/ops/shapes/copy_rows.h"

namespace heed {

namespace {

/// "attention type 'none' of encoder.layers.0.attention has no weights ..."
std::string without_weights(const Attention& layer) {
    return "attention type '" + layer.type() + "'" + (layer.name().empty() ? "" : " of " + layer.name()) +
           " has no weights that say which token looks at which; types that have: " +
           attention_types_that([](const AttentionCapabilities& can) { return can.weights; });
}

}  // namespace

Tensor Attention::weights(const AttentionInput&) {
    throw UserError(without_weights(*this));
}

Tensor Attention::head_values(const AttentionInput&) {
    throw UserError(without_weights(*this));
}

std::vector<double> Attention::covered_mass(const AttentionInput&) {
    return {};
}

double Attention::score_share(int64_t, int64_t) const {
    return 1.0;
}

std::string Attention::remark(int64_t, int64_t) const {
    return {};
}

std::unique_ptr<AttentionCache> Attention::make_cache(Context& context, const DecodingStart& start) {
    const AttentionPattern pattern = geometry_.pattern;
    if (pattern != AttentionPattern::causal_self && pattern != AttentionPattern::causal_cross) {
        throw UserError(std::string(attention_pattern_name(pattern)) +
                        " cannot be computed token by token; expected causal " +
                        (is_cross(pattern) ? "cross-attention" : "self-attention"));
    }
    if (is_cross(pattern) != start.source.defined()) {
        throw Error(std::string("the cache of ") + attention_pattern_name(pattern) +
                    (is_cross(pattern) ? " needs a source" : " takes no source"));
    }
    if (start.source.defined()) {
        check_rank("attention", "source", start.source.shape(), 3);
        check_shape("attention", "source", start.source.shape(), {start.batch, start.source.shape()[1], geometry_.dim});
    }
    if (start.source_lengths.defined()) {
        check_dtype("attention", "source_lengths", start.source_lengths, DType::i32);
        check_shape("attention", "source_lengths", start.source_lengths.shape(), {start.batch});
    }
    NoGradient guard(context);
    return make_causal_cache(context, start);
}

Tensor Attention::step(const Tensor& x, AttentionCache& cache) {
    check_rank("attention", "x", x.shape(), 3);
    check_shape("attention", "x", x.shape(), {x.shape()[0], 1, geometry_.dim});
    NoGradient guard(x.context());
    return causal_step(cast(Variable(x), DType::f32).value(), cache);
}

Tensor Attention::extend(const Tensor& x, AttentionCache& cache) {
    check_rank("attention", "x", x.shape(), 3);
    check_shape("attention", "x", x.shape(), x.shape().with_last(geometry_.dim));
    NoGradient guard(x.context());
    const Tensor tokens = cast(Variable(x), DType::f32).value();
    return x.shape()[1] == 1 ? causal_step(tokens, cache) : causal_extend(tokens, cache);
}

std::unique_ptr<AttentionCache> Attention::make_causal_cache(Context&, const DecodingStart&) {
    throw UserError(std::string("this attention type has no cache for decoding with ") +
                    attention_pattern_name(geometry_.pattern) + "; sdpa has one");
}

Tensor Attention::causal_step(const Tensor&, AttentionCache&) {
    throw Error("step of an attention layer without a cache");
}

Tensor Attention::causal_extend(const Tensor& x, AttentionCache& cache) {
    const int64_t batch = x.shape()[0], tokens = x.shape()[1], dim = geometry_.dim;
    const Tensor outputs = Tensor::empty(x.context(), x.shape());
    const Tensor token = Tensor::empty(x.context(), {batch, 1, dim});
    for (int64_t t = 0; t < tokens; ++t) {
        copy_rows({x, t * dim, tokens * dim}, {token, 0, dim}, batch, dim);
        copy_rows({causal_step(token, cache), 0, dim}, {outputs, t * dim, tokens * dim}, batch, dim);
    }
    return outputs;
}

const Variable& Attention::source_of(const AttentionInput& input) const {
    const bool cross = is_cross(geometry_.pattern);
    if (cross != input.source.defined()) {
        throw Error(std::string(attention_pattern_name(geometry_.pattern)) +
                    (cross ? " needs a source" : " takes no source"));
    }
    const Variable& source = cross ? input.source : input.query;
    check_rank("attention", "query", input.query.shape(), 3);
    check_rank("attention", "source", source.shape(), 3);
    const int64_t batch = input.query.shape()[0];
    check_shape("attention", "query", input.query.shape(), input.query.shape().with_last(geometry_.dim));
    check_shape("attention", "source", source.shape(), {batch, source.shape()[1], geometry_.dim});
    return source;
}

namespace {

void collect_layers(Module& module, std::vector<Attention*>& layers) {
    if (auto* layer = dynamic_cast<Attention*>(&module)) {
        layers.push_back(layer);
        return;
    }
    for (const auto& [name, child] : module.children()) collect_layers(*child, layers);
}

}  // namespace

std::vector<Attention*> attention_layers(Module& model) {
    std::vector<Attention*> layers;
    collect_layers(model, layers);
    return layers;
}

std::string lacking_weights(Module& model, bool cross) {
    for (const Attention* layer : attention_layers(model)) {
        if (layer->has_weights() || (cross && !is_cross(layer->geometry().pattern))) continue;
        return without_weights(*layer);
    }
    return {};
}

int64_t attention_parameter_count(Module& model) {
    int64_t count = 0;
    for (Attention* layer : attention_layers(model)) count += layer->parameter_count();
    return count;
}

double mean_score_share(Module& model, int64_t tokens) {
    const std::vector<Attention*> layers = attention_layers(model);
    if (layers.empty()) return 1.0;
    double sum = 0.0;
    for (const Attention* layer : layers) sum += layer->score_share(tokens, tokens);
    return sum / static_cast<double>(layers.size());
}

std::string attention_remark(Module& model, int64_t tokens) {
    for (const Attention* layer : attention_layers(model)) {
        if (is_cross(layer->geometry().pattern)) continue;
        std::string remark = layer->remark(tokens, tokens);
        if (!remark.empty()) return remark;
    }
    return {};
}

}  // namespace heed
