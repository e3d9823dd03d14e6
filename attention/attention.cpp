#include "heed/attention/attention.h"

#include <numeric>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"

namespace heed {

const char* attention_pattern_name(AttentionPattern pattern) {
    switch (pattern) {
        case AttentionPattern::noncausal_self:
            return "noncausal self-attention";
        case AttentionPattern::causal_self:
            return "causal self-attention";
        case AttentionPattern::noncausal_cross:
            return "noncausal cross-attention";
        case AttentionPattern::causal_cross:
            return "causal cross-attention";
    }
    return "?";
}

bool is_cross(AttentionPattern pattern) {
    return pattern == AttentionPattern::noncausal_cross || pattern == AttentionPattern::causal_cross;
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
    return causal_step(x, cache);
}

std::unique_ptr<AttentionCache> Attention::make_causal_cache(Context&, const DecodingStart&) {
    throw UserError(std::string("this attention type has no cache for decoding with ") +
                    attention_pattern_name(geometry_.pattern) + "; sdpa has one");
}

Tensor Attention::causal_step(const Tensor&, AttentionCache&) {
    throw Error("step of an attention layer without a cache");
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

void collect_score_shares(const Module& module, int64_t tokens, std::vector<double>& shares) {
    if (const auto* layer = dynamic_cast<const Attention*>(&module)) {
        shares.push_back(layer->score_share(tokens, tokens));
        return;
    }
    for (const auto& [name, child] : module.children()) collect_score_shares(*child, tokens, shares);
}

}  // namespace

int64_t attention_parameter_count(Module& model) {
    if (dynamic_cast<const Attention*>(&model) != nullptr) return model.parameter_count();
    int64_t count = 0;
    for (const auto& [name, child] : model.children()) count += attention_parameter_count(*child);
    return count;
}

double mean_score_share(const Module& model, int64_t tokens) {
    std::vector<double> shares;
    collect_score_shares(model, tokens, shares);
    if (shares.empty()) return 1.0;
    return std::accumulate(shares.begin(), shares.end(), 0.0) / static_cast<double>(shares.size());
}

std::string attention_remark(const Module& model, int64_t tokens) {
    const auto* layer = dynamic_cast<const Attention*>(&model);
    if (layer && !is_cross(layer->geometry().pattern)) return layer->remark(tokens, tokens);
    for (const auto& [name, child] : model.children()) {
        std::string remark = attention_remark(*child, tokens);
        if (!remark.empty()) return remark;
    }
    return {};
}

}  // namespace heed
