#include "heed/attention/registry.h"

#include <string>
#include <vector>

#include "heed/attention/heads/sdpa_shape.h"
#include "heed/attention/landmarks/abc_attention.h"
#include "heed/attention/landmarks/nystromformer.h"
#include "heed/attention/linear/cosformer.h"
#include "heed/attention/linear/lara.h"
#include "heed/attention/linear/performer.h"
#include "heed/attention/long_short/longshort_attention.h"
#include "heed/attention/sampled/probsparse.h"
#include "heed/attention/smyrf/smyrf_attention.h"
#include "heed/attention/state_space/s4d_attention.h"
#include "heed/attention/types/efficient.h"
#include "heed/attention/types/none.h"
#include "heed/attention/types/optimised.h"
#include "heed/attention/types/sdpa.h"
#include "heed/attention/types/super.h"
#include "heed/attention/windows/local_attention.h"
#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"

namespace heed {

namespace {

template <class T>
std::unique_ptr<Options> make_options() {
    return std::make_unique<T>();
}

/// Softmax attention in every pattern.
constexpr AttentionCapabilities softmax_attention = {.noncausal_self = true,
                                                     .causal_self = true,
                                                     .noncausal_cross = true,
                                                     .causal_cross = true,
                                                     .weights = true,
                                                     .softmax = true,
                                                     .rotary = true};

constexpr AttentionCapabilities super_attention = {.noncausal_self = true,
                                                   .causal_self = true,
                                                   .noncausal_cross = true,
                                                   .causal_cross = true,
                                                   .fixed_length = true,
                                                   .ordered = true,
                                                   .weights = true,
                                                   .softmax = true,
                                                   .rotary = true};

/// Shares of the keys that are no softmax of scores.
constexpr AttentionCapabilities slot_attention = {
    .noncausal_self = true, .causal_self = true, .noncausal_cross = true, .causal_cross = true, .weights = true};

constexpr AttentionCapabilities estimated_softmax = {.noncausal_self = true,
                                                     .causal_self = true,
                                                     .noncausal_cross = true,
                                                     .causal_cross = true,
                                                     .weights = true,
                                                     .rotary = true};

/// What it gives is no mixture by shares: a pseudo-inverse has negative entries.
constexpr AttentionCapabilities nystrom_attention = {.noncausal_self = true, .ordered = true, .rotary = true};

constexpr AttentionCapabilities window_attention = {
    .noncausal_self = true, .causal_self = true, .ordered = true, .weights = true, .rotary = true};

constexpr AttentionCapabilities cosine_attention = {.noncausal_self = true, .noncausal_cross = true, .ordered = true};

/// Attention with quantities that are a matter of all tokens, of segments or of sampled places.
constexpr AttentionCapabilities landmark_attention = {
    .noncausal_self = true, .ordered = true, .weights = true, .rotary = true};

constexpr AttentionCapabilities no_attention = {
    .noncausal_self = true, .causal_self = true, .noncausal_cross = true, .causal_cross = true, .mixes = false};

/// Heads that are no shares of the keys, in self-attention alone.
constexpr AttentionCapabilities own_mixing = {.noncausal_self = true, .causal_self = true, .ordered = true};

const AttentionType types[] = {
    {"sdpa", "softmax attention with projections of query, key, value and output", softmax_attention, "",
     make_options<AttentionOptions>, make_sdpa},
    {"optimised", "sdpa without the value projection: the values are slices of the input", softmax_attention, "",
     make_options<AttentionOptions>, make_optimised},
    {"efficient", "sdpa without the key and value projections: keys and values are slices of the input",
     softmax_attention, "", make_options<AttentionOptions>, make_efficient},
    {"super", "efficient attention with one matrix that mixes the values over the tokens; the greatest length is fixed",
     super_attention,
     "weights mixtures of all source tokens, not the tokens themselves: at the start of a training these are nearly "
     "the "
     "same, later a weight need not belong to the word that stands at its position.",
     make_options<AttentionOptions>, make_super},
    {"smyrf", "sdpa within clusters of tokens that hashing finds near each other", softmax_attention,
     "leaves out the pairs of tokens that lie in no common cluster: they have the weight 0.",
     make_options<SmyrfOptions>, make_smyrf},
    {"local", "sdpa within a window around each token", window_attention,
     "computes the weights within its window alone: those of all other tokens are 0.", make_options<LocalOptions>,
     make_local},
    {"abc", "attention to a memory of a few learned slots, each a mean of all keys and of all values", slot_attention,
     "", make_options<AbcOptions>, make_abc},
    {"nystromformer", "sdpa through the means of segments of the tokens, by Nystrom's method", nystrom_attention, "",
     make_options<NystromformerOptions>, make_nystromformer},
    {"performer", "sdpa with its softmax estimated by positive random features: work linear in the tokens",
     estimated_softmax, "", make_options<PerformerOptions>, make_performer},
    {"cosformer", "linear attention with ReLU features, reweighted by the cosine of the distance", cosine_attention, "",
     make_options<AttentionOptions>, make_cosformer},
    {"lara", "sdpa with its softmax estimated by random features near landmarks: work linear in the tokens",
     landmark_attention, "", make_options<LaraOptions>, make_lara},
    {"probsparse", "sdpa of the queries with the least even scores; the others get the mean of the values",
     landmark_attention, "", make_options<ProbsparseOptions>, make_probsparse},
    {"none", "no attention: the layer adds nothing, so that tokens go through the network one by one", no_attention, "",
     make_options<NoneOptions>, make_none},
    {"s4d", "no attention but a diagonal state space for each channel, which reaches over any distance at a fixed cost",
     own_mixing, "", make_options<S4dOptions>, make_s4d},
    {"longshort", "softmax attention over the tokens of a window and a few summaries of all tokens", own_mixing, "",
     make_options<LongShortOptions>, make_longshort},
};

/// Throws UserError where a layer of that type cannot have rotary positions.
void check_rotary(const AttentionType& type, const AttentionGeometry& geometry) {
    if (is_cross(geometry.pattern)) throw Error("rotary positions are those of one sequence, got cross-attention");
    if (!type.capabilities.rotary) {
        throw UserError(std::string("attention type '") + type.name +
                        "' cannot have rotary positions (model.positions=rotary): its heads have no scores of queries "
                        "and keys that depend on distances; types that can: " +
                        attention_types_that([&](const AttentionCapabilities& other) {
                            return other.rotary && other.can(geometry.pattern);
                        }));
    }
    if (const int64_t head_dim = geometry.dim / geometry.heads; head_dim % 2 != 0) {
        throw UserError("expected heads of an even number of features for rotary positions, got " +
                        std::to_string(head_dim) + " (model.dim over model.heads)");
    }
}

}  // namespace

std::span<const AttentionType> attention_types() {
    return types;
}

std::string attention_types_that(const std::function<bool(const AttentionCapabilities&)>& chosen) {
    std::string names;
    for (const AttentionType& type : types) {
        if (chosen(type.capabilities)) names += (names.empty() ? "" : ", ") + std::string(type.name);
    }
    return names.empty() ? "none" : names;
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
    const std::string named = (key.empty() ? "" : key + ": ") + "attention type '" + type->name + "'";
    if (!type->capabilities.can(geometry.pattern)) {
        throw UserError(named + " cannot do " + attention_pattern_name(geometry.pattern) +
                        "; types that can: " + attention_types_that([&](const AttentionCapabilities& other) {
                            return other.can(geometry.pattern);
                        }));
    }
    if (geometry.rotary_base > 0.0) check_rotary(*type, geometry);
    if (type->capabilities.fixed_length && geometry.max_keys() < 1) {
        throw UserError(named + " needs to know the greatest number of tokens" +
                        (is_cross(geometry.pattern) ? " of the source" : "") +
                        " when the model is built, got none; types of any length: " +
                        attention_types_that([&](const AttentionCapabilities& other) {
                            return !other.fixed_length && other.can(geometry.pattern);
                        }));
    }
    std::unique_ptr<Attention> layer = type->make(geometry, *options);
    layer->type_ = type->name;
    layer->capabilities_ = type->capabilities;
    return layer;
}

}  // namespace heed
