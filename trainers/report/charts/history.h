#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heed/trainers/record/metrics_reader.h"
#include "heed/trainers/record/run_origin.h"
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
    std::string compared_by;  ///< "accuracy", "micro F1", "BLEU", "ROUGE-1", "loss" (score is minus that)
};

/// Rows of the table of epochs: in a long training every second, fourth, ... one, so that at most `most_rows` are kept.
class EpochTable {
public:
    static constexpr size_t most_rows = 500;

    /// The row of an epoch: the last one, or a new one behind it.
    EpochSummary& row(int64_t epoch);
    /// The last one of all stands in it whether or not it has come to its end.
    const std::vector<EpochSummary>& rows() const { return rows_; }
    bool empty() const { return rows_.empty(); }
    /// Steps of the first epoch.
    int64_t epoch_steps() const { return epoch_steps_; }

private:
    bool stays(int64_t epoch) const { return epoch % every_ == 0; }
    void close_last();

    std::vector<EpochSummary> rows_;
    int64_t every_ = 1;
    int64_t epoch_steps_ = 0;
};

/// A call of the program that began the run or went on with it.
struct RunCall {
    int64_t after_step = 0;
    RunOrigin origin;
};

/// The attention that was put in the place of another before the first step (AttentionSwap).
struct SwapHistory {
    struct Layer {
        std::string name, from, to;
        bool same_weights = false;
        std::optional<double> keys_r2, outputs_r2, stream_r2, aligned_r2;
    };
    /// On the validation samples.
    struct Quality {
        double score = 0.0, loss = 0.0, accuracy = 0.0;
    };

    std::string from, to, compared_by;
    int64_t samples = 0, align = 0;
    std::optional<Quality> before, after;
    std::vector<Layer> layers;
};

/// The lines of metrics.jsonl sorted into what is drawn; its size does not depend on their number. Fields that a line
/// lacks are left out.
struct History {
    ThinnedSeries loss, accuracy, lr, gradient_norm;  ///< of each step
    ThinnedSeries rate;                               ///< samples a second, weighted by time
    ThinnedSeries wait;                               ///< share of the step's time, weighted by time
    ThinnedSeries update_ratio;                       ///< of the watched steps
    ThinnedSeries attention_entropy, covered_mass;    ///< of the watched steps, mean over the layers
    ThinnedSeries validation_loss, validation_accuracy;
    std::optional<BestValidation> best;
    std::optional<SwapHistory> swap;
    std::optional<Point> test_loss, test_accuracy;
    std::vector<double> resumes;  ///< steps
    std::vector<RunCall> calls;
    std::string unit;  ///< what the samples are: "images"; empty in older runs
    std::string end;   ///< that was no success: "Stopped by SIGINT after step 12"; empty: none is told
    EpochTable epochs;
    int64_t last_step = 0;
    int64_t not_finite = 0;  ///< steps whose loss was no number
    int64_t samples = 0;
    double seconds = 0.0;  ///< spent in steps
    std::optional<int64_t> peak_bytes;
    std::optional<MemoryUse> memory;  ///< of the run that came to its test

    /// The next line.
    void add(const MetricsRecord& record);

    /// All lines of the file, which are read one at a time. Errors as of for_each_metrics_record.
    static History read(const std::string& metrics_path);
};

}  // namespace heed
