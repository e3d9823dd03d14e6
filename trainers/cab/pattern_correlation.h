#pragma once

#include <optional>
#include <string>
#include <vector>

#include "heed/trainers/cab/compositional_index.h"

namespace heed {

/// How far types that are good in one pattern are good in another.
struct PatternCorrelation {
    AttentionPattern first = AttentionPattern::noncausal_self;
    AttentionPattern second = AttentionPattern::noncausal_self;
    std::vector<std::string> types;    ///< with an index in both
    std::optional<double> pearson;     ///< nothing for fewer than three types, or where all have the same index
    std::optional<Interval> interval;  ///< 95 %, by Fisher's transformation; nothing for fewer than four types
};

/// Of each pair of patterns.
std::vector<PatternCorrelation> pattern_correlations(const std::vector<Leaderboard>& boards);

}  // namespace heed
