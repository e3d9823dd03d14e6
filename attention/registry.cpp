#include "heed/attention/registry.h"

#include <string>
#include <vector>

#include "heed/attention/heads/sdpa_shape.h"
#include "heed/attention/smyrf/smyrf_attention.h"
#include "heed/attention/types/efficient.h"
#include "heed/attention/types/optimised.h"
#include "heed/attention/types/sdpa.h"
#include "heed/attention/types/super.h"
#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"

namespace heed {

namespace {

template <class T>
std::unique_ptr<Options> make_options() {
    return std::make_unique<T>();
}

constexpr AttentionCapabilities every_pattern = {
    .noncausal_self = true, .causal_self = true, .noncausal_cross = true, .causal_cross = true};

constexpr AttentionCapabilities every_pattern_at_fixed_length = {
    .noncausal_self = true, .causal_self = true, .noncausal_cross = true, .causal_cross = true, .fixed_length = true};

const AttentionType types[] = {
    {"sdpa", "softmax attention with projections of query, key, value and output", every_pattern, "",
     make_options<AttentionOptions>, make_sdpa},
    {"optimised", "sdpa without the value projection: the values are slices of the input", every_pattern, "",
     make_options<AttentionOptions>, make_optimised},
    {"efficient", "sdpa without the key and value projections: keys and values are slices of the input", every_pattern,
     "", make_options<AttentionOptions>, make_efficient},
    {"super", "efficient attention with one matrix that mixes the values over the tokens; the greatest length is fixed",
     every_pattern_at_fixed_length,
     "weights mixtures of all source tokens, not the tokens themselves: at the start of a training these are nearly "
     "the "
     "same, later a weight need not belong to the word that stands at its position.",
     make_options<AttentionOptions>, make_super},
    {"smyrf", "sdpa within clusters of tokens that hashing finds near each other", every_pattern,
     "leaves out the pairs of tokens that lie in no common cluster: they have the weight 0.",
     make_options<SmyrfOptions>, make_smyrf},
};

/// Names of the types for which `chosen` holds.
template <class Chosen>
std::string names_of(const Chosen& chosen) {
    std::string names;
    for (const AttentionType& type : types) {
        if (chosen(type.capabilities)) names += (names.empty() ? "" : ", ") + std::string(type.name);
    }
    return names.empty() ? "none" : names;
}

}  // namespace

bool AttentionCapabilities::can(AttentionPattern pattern) const {
    switch (pattern) {
        case AttentionPattern::noncausal_self:
            return noncausal_self;
        case AttentionPattern::causal_self:
            return causal_self;
        case AttentionPattern::noncausal_cross:
            return noncausal_cross;
        case AttentionPattern::causal_cross:
            return causal_cross;
    }
    return false;
}

std::span<const AttentionType> attention_types() {
    return types;
}

const AttentionType& attention_type(std::string_view name) {
    std::vector<std::string> names;
    for (const AttentionType& type : types) {
        if (name == type.name) return type;
        names.emplace_back(type.name);
    }
    throw UserError("unknown attention type '" + std::string(name) + "'" + did_you_mean(name, names));
}

std::unique_ptr<Attention> AttentionChoice::make(const AttentionGeometry& geometry) const {
    if (geometry.heads < 1 || geometry.dim % geometry.heads != 0) {
        throw UserError("expected a number of heads that divides the dimension, got " + std::to_string(geometry.heads) +
                        " heads for dimension " + std::to_string(geometry.dim) + " (model.heads, model.dim)");
    }
    if (geometry.dim / geometry.heads > largest_head_dim) {
        throw UserError("expected heads of at most " + std::to_string(largest_head_dim) + " features, got " +
                        std::to_string(geometry.dim / geometry.heads) + " (model.dim over model.heads)");
    }
    const std::string named = std::string("attention type '") + type->name + "'";
    if (!type->capabilities.can(geometry.pattern)) {
        throw UserError(named + " cannot do " + attention_pattern_name(geometry.pattern) + "; types that can: " +
                        names_of([&](const AttentionCapabilities& other) { return other.can(geometry.pattern); }));
    }
    if (type->capabilities.fixed_length && geometry.max_keys() < 1) {
        throw UserError(named + " needs to know the greatest number of tokens" +
                        (is_cross(geometry.pattern) ? " of the source" : "") +
                        " when the model is built, got none; types of any length: " +
                        names_of([&](const AttentionCapabilities& other) {
                            return !other.fixed_length && other.can(geometry.pattern);
                        }));
    }
    std::unique_ptr<Attention> layer = type->make(geometry, *options);
    layer->type_ = type->name;
    return layer;
}

}  // namespace heed
