#pragma once

#include <optional>
#include <string>
#include <vector>

#include "heed/trainers/conversion/model_conversion.h"
#include "heed/trainers/kinds/workload.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {

/// A trained model whose attention was replaced: what became of its layers, and how good it was before and right after
/// on the validation samples.
struct AttentionSwap {
    std::string from, to;  ///< attention in words
    ModelConversion conversion;
    std::optional<Evaluation> before, after;  ///< none where nothing was measured
    std::optional<double> divergence;         ///< of the answers after from those before (Task::divergence_from)

    bool is_exact() const;  ///< whether all layers kept their weights, so that nothing was fitted
    /// For log and terminal.
    std::vector<std::string> lines() const;
};

/// Carries the weights of `old` over to the model of `workload`. `recipe` is that of the new model; `store` its
/// parameters. Throws UserError where the models differ in more than their attention.
AttentionSwap convert_attention(TrainedModel& old, const Recipe& recipe, Workload& workload, ParameterStore& store);

/// The same, and measures both models on the validation samples where there are any.
AttentionSwap swap_attention(TrainedModel& old, const Recipe& recipe, Workload& workload, ParameterStore& store);

}  // namespace heed
