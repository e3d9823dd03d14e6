#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "heed/trainers/conversion/attention_swap.h"
#include "heed/trainers/loop/trainer.h"
#include "heed/trainers/loop/training_watch.h"
#include "heed/trainers/record/event_file.h"
#include "heed/trainers/record/metrics_log.h"
#include "heed/trainers/record/run_log.h"
#include "heed/trainers/record/run_origin.h"
#include "heed/trainers/run/memory_use.h"
#include "heed/trainers/run/run_folder.h"

namespace heed {

/// What the end of a run tells.
struct TestResult {
    int64_t step = 0;     ///< after which the tested weights were
    std::string weights;  ///< "best checkpoint"
    std::string unit;     ///< "images"
    const Evaluation& evaluation;
    MemoryUse memory;
};

/// How large a training is, as its first line of metrics tells.
struct RunSize {
    int64_t steps = 0;  ///< optimizer steps in all
    int64_t parameters = 0;
    int64_t attention_parameters = 0;
    int64_t tokens = 0;      ///< of the longest sample
    int64_t multiplies = 0;  ///< multiply-adds of a forward pass over it
};

/// Writes down what happens in a run. Each kind of event is described once, and from that come its line in
/// metrics.jsonl, its curves in the TensorBoard file, where one is wanted, and what log.txt and the terminal say.
///
/// Errors as of the three files.
class RunRecord {
public:
    /// Opens the log. Events can be written after begin or go_on. Of a rank that does not own the run folder nothing is
    /// written and said.
    RunRecord(RunPaths paths, bool tensorboard, bool owns = true);

    /// A new run: what metrics and curves held is dropped.
    void begin();
    /// Metrics and curves are cut back to a run that goes on after `step`, without the test of one that has not
    /// `finished`. Returns the last step that they then have.
    int64_t go_on(int64_t step, bool finished);

    /// Steps and epochs are told without an accuracy (Task::has_accuracy).
    void omit_accuracy() { has_accuracy_ = false; }

    /// From now on steps are shown.
    void show_progress(const ProgressPlan& plan) { log_.show_progress(plan); }
    void end_progress() { log_.end_progress(); }
    /// Something else than steps begins, such as "validation".
    void pause(const std::string& activity) { log_.pause(activity); }

    /// A line that is no event, for log and terminal.
    void line(const std::string& text) { log_.line(text); }
    /// The error that ends the run, for the log alone.
    void failed(const std::string& error) {
        log_.end_progress();
        log_.failure(error);
    }

    /// `unit` is what its samples are: "images".
    void started(const RunOrigin& origin, const std::string& unit, const RunSize& size);
    void resumed(int64_t step, const RunOrigin& origin);
    /// Ends that were no success: a signal after step number `step`, which has the system's name, and a step whose loss
    /// or gradient was no finite number.
    void stopped(int64_t step, const std::string& signal);
    void diverged(int64_t step, const std::string& reason);
    /// A setting that a resumed run has changed after that step.
    void changed(int64_t step, const std::string& key, const std::string& from, const std::string& to);
    /// The weights that it starts from are those of other attention.
    void swapped(const AttentionSwap& swap);
    void step(const StepResult& result);
    void watched(int64_t step, std::span<const WatchedValue> values);
    /// After step number `step`, of epoch number `epoch` (from 1). Where the epoch ends with it, the line of that tells
    /// of it.
    void validation(int64_t step, int64_t epoch, const Evaluation& result, bool epoch_ends);
    /// `sums` are those of its steps.
    void end_epoch(const LossSums& sums);
    /// A validation of the mean of the `models` best models at the end of the run.
    void average(int64_t step, int64_t models, const Evaluation& result, bool is_better);
    void test(const TestResult& result);

    /// Returns when all metrics are on the disk: to be called before a checkpoint that they belong to is saved.
    void sync() {
        if (metrics_) metrics_->sync();
    }

private:
    /// One value of an event; a curve stands in the TensorBoard file, too.
    struct Value {
        MetricsField field;
        bool curve = false;
    };
    using Values = std::vector<Value>;

    /// `curves` is the group of the curves: "train" for "train/loss".
    void write(std::string_view event, std::string_view curves, int64_t step, const Values& values);
    static Values values_of(const RunOrigin& origin);
    static void add_results(Values& values, const Evaluation& result);

    RunPaths paths_;
    bool tensorboard_, owns_;
    bool has_accuracy_ = true;
    RunLog log_;
    std::optional<MetricsLog> metrics_;
    std::optional<EventFile> events_;
    std::vector<MetricsField> fields_;  // of the event being written; kept to allocate nothing
    Values step_values_;                // the same of a step
    std::string validation_text_;       // for the line of the epoch
    double epoch_seconds_ = 0.0;        // in steps since the epoch began, or since the run was resumed in it
    double epoch_data_wait_ = 0.0;
};

}  // namespace heed
