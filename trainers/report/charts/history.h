#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heed/trainers/record/metrics_reader.h"
#include "heed/trainers/report/charts/series.h"
#include "heed/trainers/run/memory_use.h"

namespace heed {

/// Sums over the steps of an epoch, and what validation found after it.
struct EpochSummary {
    int64_t epoch = 0;  ///< counted from 1
    int64_t last_step = 0;
    int64_t samples = 0;
    double loss = 0.0;     ///< mean over the samples
    double correct = 0.0;  ///< share of the samples
    double seconds = 0.0;
    double data_wait = 0.0;  ///< seconds
    std::optional<double> validation_loss;
    std::optional<double> validation_accuracy;
};

/// The validation after which the checkpoint was the best.
struct BestValidation {
    double step = 0.0;
    double score = 0.0;
    std::string compared_by;  ///< "accuracy", "micro F1", "BLEU", "loss" (score is minus that)
};

/// The lines of metrics.jsonl sorted into what is drawn. Fields that a line lacks are left out.
struct History {
    std::vector<Sample> loss, accuracy, lr, gradient_norm;  ///< of each step
    std::vector<Sample> rate;                               ///< samples a second, weighted by time
    std::vector<Sample> wait;                               ///< share of the step's time, weighted by time
    std::vector<Sample> update_ratio;                       ///< of the watched steps
    std::vector<Sample> attention_entropy, covered_mass;    ///< of the watched steps, mean over the layers
    std::vector<Sample> validation_loss, validation_accuracy;
    std::optional<BestValidation> best;
    std::optional<Sample> test_loss, test_accuracy;
    std::vector<double> resumes;  ///< steps
    std::vector<EpochSummary> epochs;
    int64_t last_step = 0;
    int64_t not_finite = 0;  ///< steps whose loss was no number
    int64_t samples = 0;
    double seconds = 0.0;  ///< spent in steps
    std::optional<int64_t> peak_bytes;
    std::optional<MemoryUse> memory;  ///< of the run that came to its test

    static History of(const std::vector<MetricsRecord>& metrics);
};

}  // namespace heed
