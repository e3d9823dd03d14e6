#pragma once

#include <cstdint>
#include <vector>

#include "heed/attention/explanation/head_measures.h"
#include "heed/trainers/explanation/explained_sample.h"
#include "heed/trainers/explanation/relevance_measure.h"
#include "heed/trainers/explanation/removal_curves.h"
#include "heed/trainers/explanation/token_search.h"

namespace heed {

/// What is computed of each prediction.
struct ExplainOptions {
    std::vector<RelevanceMeasure> measures;
    std::vector<Removal> removals;  ///< at least one
    bool search = true;             ///< for necessary and sufficient tokens
    SearchLimits limits;
    int64_t picture_side = 0;  ///< most rows and columns of the pictures of matrices; 0: none are kept
};

/// A matrix for the reader, shrunk to a bounded number of rows and columns.
struct MatrixPicture {
    int64_t rows = 0, columns = 0;
    std::vector<float> values;
};

/// What was found of one head.
struct HeadExplanation {
    AttentionPlace place = AttentionPlace::encoder;
    int64_t layer = 0, head = 0;
    int64_t queries = 0, keys = 0, value_dim = 0;
    HeadMeasures measures;  ///< without those of single rows
    MatrixPicture weights, least_norm;
};

/// How relevant each unit of the input is, by one measure; the larger, the more. Fixed units may have a value, too.
struct Relevance {
    RelevanceMeasure measure;
    std::vector<double> units;
};

/// What happens to the prediction when units are removed in one way.
struct RemovalExplanation {
    Removal removal = Removal::keys;
    std::vector<Relevance> relevance;  ///< all measures; that of leave-one-out is of this way
    std::vector<RemovalCurve> curves;  ///< one for each measure
    TokenSets necessary, sufficient;   ///< of units of the sample; empty where nothing was searched
    int64_t runs = 0;                  ///< passes of the model over one variant each
};

/// What other weights in the place of those of all layers and heads do to the logits.
struct Substitution {
    double difference = 0.0;  ///< greatest of a logit
    bool same_prediction = false;
};

/// A check of the implementation, which tells nothing of the model.
struct SubstitutionCheck {
    double scale = 0.0;  ///< greatest magnitude of a logit
    /// Equal in exact arithmetic, by construction.
    Substitution least_norm;
    /// The same of other distributions with the output of each head, drawn at random: least norm plays no part in it.
    Substitution random_equivalent;
    /// Not equal where rows change: effective attention that is clipped at 0 and normalised has another output. It
    /// shows that the check can fail.
    Substitution clipped_effective;
};

/// Everything that was found of one prediction.
struct Explanation {
    ExplainedInput input;
    ExplainedPrediction prediction;
    std::vector<HeadExplanation> heads;
    std::vector<RemovalExplanation> removals;
    SubstitutionCheck check;
    bool searched = false;  ///< false as well where the explained class is not the prediction
    double seconds = 0.0;
};

/// Explains one prediction. Units of equal relevance are ordered as they stand in the input; the random order depends
/// on `number`, the place of the sample among all. For each removal it runs the model over ten variants a measure for
/// the curves, one a unit for leave-one-out, and as many as TokenSearch says for the sets. Throws Stopped between them.
Explanation explain_sample(ExplainedSample& sample, const ExplainOptions& options, int64_t number);

/// What the orders of one removal found in one prediction, one for each measure.
std::vector<OrderScore> order_scores(const RemovalExplanation& removal);

}  // namespace heed
