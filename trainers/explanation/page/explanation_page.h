#pragma once

#include <string>
#include <vector>

#include "heed/trainers/explanation/explanation.h"
#include "heed/trainers/explanation/head_means.h"

namespace heed {

/// What the measures find over inputs when tokens are removed in one way.
struct RemovalResults {
    Removal removal = Removal::keys;
    int64_t inputs = 0;
    std::vector<MeasureResult> measures;
};

/// What a page shows.
struct ExplanationPageInput {
    std::string title;
    std::vector<std::string> remarks;  ///< a sentence each, what has to be known of the weights
    std::vector<Explanation> explanations;
    int64_t inputs = 0;                   ///< all that were explained: more than are shown, maybe
    std::vector<RemovalResults> results;  ///< over samples of the data; empty: of inputs of the user's
    std::vector<HeadExplanation> heads;   ///< over the same
    SubstitutionCounts checks;
    int64_t picture_side = 0;  ///< ExplainOptions
};

/// One page that needs no other file and no network. Explanations of tokens of one translation, which stand one after
/// the other, share a section in which the token is chosen.
std::string explanation_page(const ExplanationPageInput& input);

}  // namespace heed
