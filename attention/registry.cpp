#include "heed/attention/registry.h"

#include <string>
#include <vector>

#include "heed/attention/optimised.h"
#include "heed/attention/sdpa.h"
#include "heed/attention/sdpa_kernels.h"
#include "heed/core/error.h"
#include "heed/core/nearest_name.h"

namespace heed {

namespace {

template <class T>
std::unique_ptr<Options> make_options() {
    return std::make_unique<T>();
}

constexpr AttentionCapabilities every_pattern = {
    .noncausal_self = true, .causal_self = true, .noncausal_cross = true, .causal_cross = true};

const AttentionType types[] = {
    {"sdpa", "softmax attention with kernels for query, key, value and output", every_pattern,
     make_options<AttentionOptions>, make_sdpa},
    {"optimised", "sdpa without the value kernel: the values are slices of the input", every_pattern,
     make_options<AttentionOptions>, make_optimised},
};

std::string names_of(bool (*chosen)(const AttentionType&, AttentionPattern), AttentionPattern pattern) {
    std::string names;
    for (const AttentionType& type : types) {
        if (chosen(type, pattern)) names += (names.empty() ? "" : ", ") + std::string(type.name);
    }
    return names;
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
    if (!type->capabilities.can(geometry.pattern)) {
        std::string able = names_of(
            [](const AttentionType& other, AttentionPattern pattern) { return other.capabilities.can(pattern); },
            geometry.pattern);
        throw UserError(std::string("attention type '") + type->name + "' cannot do " +
                        attention_pattern_name(geometry.pattern) +
                        "; types that can: " + (able.empty() ? "none" : able));
    }
    return type->make(geometry, *options);
}

}  // namespace heed
