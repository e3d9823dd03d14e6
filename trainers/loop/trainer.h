#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "heed/core/error.h"
#include "heed/core/module/parameter_store.h"
#include "heed/core/ranks/communicator.h"
#include "heed/trainers/loop/schedule.h"
#include "heed/trainers/loop/task.h"
#include "heed/trainers/loop/weight_average.h"
#include "heed/trainers/optimizers/optimizer_options.h"
#include "heed/trainers/ranks/gradient_exchange.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed {

/// A model among the best of a training.
struct KeptModel {
    int64_t step = 0;
    double score = 0.0;
};

/// Where a training stands: all that has to be known, beside weights and optimizer, to go on with the same bits.
struct TrainingState {
    int64_t step = 0;         ///< optimizer steps done
    BatchPosition position;   ///< of the next optimizer batch
    LossSums epoch;           ///< of the steps since the last epoch began
    double best_score = 0.0;  ///< of a validation; of no meaning before the first
    int64_t best_step = 0;    ///< 0 before the first
    int64_t validations_since_best = 0;
    bool validation_due = false;  ///< the run was stopped in the validation after its last step

    std::string compared_by = {};      ///< what best_score is ("accuracy"); empty before the first validation
    std::vector<KeptModel> kept = {};  ///< the best ones, best first, where several are kept

    /// After a validation of the weights as they are now, of which the best `keep` are remembered where those are
    /// several. Of equal scores the earlier one is better.
    void note_validation(double score, const std::string& by, int64_t keep);
};

/// The loss or a gradient is not a finite number; the parameters are those before the step.
class NotFinite : public Error {
public:
    using Error::Error;
};

/// One optimizer step.
struct StepResult {
    int64_t step = 0;   ///< counted from 1
    int64_t epoch = 0;  ///< counted from 0
    double loss = 0.0;  ///< mean over the samples of the whole batch
    double accuracy = 0.0;
    double lr = 0.0;
    double gradient_norm = 0.0;
    int64_t samples = 0;
    double seconds = 0.0;
    double data_wait = 0.0;  ///< seconds
    bool stop = false;       ///< on some rank it was asked for
};

/// Takes optimizer steps: forward and backward over the micro-batches, sums over the ranks, clipping, update.
class Trainer {
public:
    /// `batch` is the number of samples of one micro-batch over all ranks; an optimizer batch is train.accumulate of
    /// them.
    Trainer(Context& context, Task& task, ParameterStore& store, const TrainOptions& train,
            const OptimizerOptions& optimizer, int64_t batch, Communicator& communicator);

    /// Goes to where `progress` says; must be called before the first step. Throws UserError when its position is not
    /// that of its step, as with a training set of another size.
    void begin(const TrainingState& progress);

    /// Takes one step. Throws NotFinite, naming the step and the first tensor, when the loss or the gradient is not
    /// finite. `asks_to_stop` is passed on to all ranks.
    StepResult step(bool asks_to_stop = false);

    bool finished() const { return progress_.step >= total_steps_; }
    /// True after the last step of an epoch.
    bool at_epoch_end() const { return progress_.position.batch == 0; }

    /// The epoch of the last step, counted from 1.
    int64_t epoch() const { return progress_.position.epoch + (at_epoch_end() ? 0 : 1); }

    TrainingState& progress() { return progress_; }
    const TrainingState& progress() const { return progress_; }
    int64_t total_steps() const { return total_steps_; }
    int64_t epoch_steps() const { return epoch_steps_; }
    const Schedule& schedule() const { return schedule_; }
    Optimizer& optimizer() { return *optimizer_; }
    /// Where each rank keeps a part of it (train.shard_optimizer), all of its state, on every rank; all have to call
    /// it.
    std::vector<OptimizerState> gather_optimizer();
    const GradientExchange& exchange() const { return exchange_; }
    /// The running average of the weights; null without `train.ema`.
    WeightAverage* average() { return average_.get(); }

private:
    BatchPlan plan() const;
    int64_t run_micro_batches(ForwardState state);
    void reduce(int64_t count, bool asks_to_stop);
    /// What is read back but the totals of the loss.
    struct Rest {
        double gradient_norm = 0.0;
        bool stop = false;
    };
    LossSums read_back(Rest& rest);
    void check_finite(double loss, double norm, const ForwardState& state);
    std::string first_non_finite_op(ForwardState state);

    Context& context_;
    Task& task_;
    ParameterStore& store_;
    TrainOptions options_;
    Communicator& communicator_;
    int64_t optimizer_batch_;
    int64_t parts_;          ///< of an optimizer batch that have totals of their own
    int64_t micro_batches_;  ///< of this rank in a step
    int64_t first_part_;     ///< the place of the first one's totals
    bool shards_;
    int64_t epoch_steps_;
    int64_t total_steps_;
    Schedule schedule_;
    std::unique_ptr<Optimizer> optimizer_;
    std::unique_ptr<WeightAverage> average_;
    GradientExchange exchange_;
    TrainingState progress_;
    int64_t squares_;  ///< sums of squares that make the norm
    /// What the host has to know of a step, on the device, f64: the totals [2] of each part of the batch, its count and
    /// the wishes to stop over all ranks, the squared norm of the gradient of each parameter
    /// group, or of what this rank owns of each bucket. Read back once a step.
    Tensor scalars_;
    std::vector<double> read_scalars_;
};

}  // namespace heed
