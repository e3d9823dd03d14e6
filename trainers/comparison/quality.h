#pragma once

#include <string>
#include <vector>

#include "heed/trainers/comparison/run_result.h"

namespace heed {

/// The metric of the test set by which models are compared, shown in its own unit: percent for shares, else as it is.
struct QualityMetric {
    std::string name;  ///< in metrics.jsonl: "accuracy", "bleu", "loss"
    bool less_is_better = false;
    double factor = 1.0;      ///< from the metric to its unit
    std::string suffix = {};  ///< of the unit: " %"
    int decimals = 2;
    double margin = 1.0;  ///< in its unit: a difference that is too small to matter, unless another is asked for

    /// The run's value in that unit; nothing where its test set was not read or has no such metric.
    std::optional<double> of(const RunResult& run) const;
    /// How much better `value` is than `other`; negative: worse.
    double gain(double value, double other) const { return less_is_better ? other - value : value - other; }
    std::string text(double value) const;
    /// With its sign: "+0.31".
    std::string difference_text(double difference) const;
};

/// The metric of that name. Throws UserError, with the nearest name, where the runs have none such; an empty name: BLEU
/// or F1 of ROUGE-1 where it was measured, micro F1 of several labels, accuracy of classes, the mean squared error of
/// forecasts.
QualityMetric quality_metric(const std::string& name, const std::vector<RunResult>& runs);

}  // namespace heed
