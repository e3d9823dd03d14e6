#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "heed/core/forward_state.h"
#include "heed/core/module/module.h"
#include "heed/core/ranks/communicator.h"
#include "heed/datasets/batches/batch_loader.h"
#include "heed/trainers/loop/evaluation.h"

namespace heed {

class Teacher;

/// Sums over samples, so that micro-batches and ranks add up to the whole batch.
struct LossSums {
    double loss = 0.0;
    int64_t correct = 0;
    int64_t count = 0;  ///< what the loss is a mean over: images, texts, words, windows
};

/// One micro-batch after its forward pass.
struct MicroBatch {
    Variable loss;      ///< sum over the samples, for backward; undefined when the micro-batch is empty
    Tensor totals;      ///< f64 [2] on the device: loss and correct of LossSums; undefined when it is empty
    int64_t count = 0;  ///< that of LossSums
    BatchPosition position;
};

enum class Split : uint8_t { train, validation, test };

/// "train", "validation" or "test".
const char* split_name(Split split);

/// That part of data which has the members train, validation and test.
template <class Data>
const auto& split_of(const Data& data, Split split) {
    return split == Split::train ? data.train : split == Split::validation ? data.validation : data.test;
}

/// A model together with the data that it learns from. The trainer knows nothing else of either.
class Task {
public:
    virtual ~Task() = default;

    virtual Module& model() = 0;
    /// From now on all is done with this model, which has to be of the same kind and made for the same data. It must
    /// outlive the task.
    virtual void use_model(Module& model) = 0;
    /// Samples of a split, over all ranks.
    virtual int64_t samples(Split split) const = 0;

    /// Optimizer batches in an epoch, of `batch` samples over all ranks and micro-batches.
    virtual int64_t epoch_steps(int64_t batch) const = 0;

    /// Starts to prepare training batches; once more with another plan where it has begun before.
    virtual void begin(const BatchPlan& plan) = 0;
    /// Runs the model forward on the next micro-batch; `state.first_sample` is filled in here. Throws Error past the
    /// end.
    virtual MicroBatch next(ForwardState state) = 0;
    /// Runs the model forward on the first `samples` samples of the last micro-batch, as in evaluation, with this
    /// observer. Nothing happens without samples.
    virtual void observe(ForwardObserver& observer, int64_t samples) = 0;
    /// Runs the model forward, as in evaluation, on one batch of training samples after the other, in the random order
    /// of `seed` and not augmented, with this observer, until `after`, which is given the number of samples of a batch,
    /// returns false. `batch` is that of epoch_steps. Gradients can be asked for in `after`.
    virtual void show_training(int64_t batch, uint64_t seed, ForwardObserver& observer,
                               const std::function<bool(int64_t)>& after) = 0;
    /// From now on training steps follow this model as well as the labels; null: none. It must outlive the task.
    void set_teacher(const Teacher* teacher) { teacher_ = teacher; }
    /// From now on evaluations are shared by these ranks, all of which have to make them; null: by none. It must
    /// outlive the task.
    void set_ranks(Communicator* ranks) { ranks_ = ranks; }
    /// Seconds for which `next` has waited for data.
    virtual double waited_seconds() const = 0;

    /// Throws Error when the model's output is not finite.
    virtual Evaluation evaluate(Split split) = 0;
    /// Whether answers are right or wrong, so that there is an accuracy; else `correct` of LossSums means nothing.
    virtual bool has_accuracy() const { return true; }

    /// How far the model's answers are from those of another one for the same data, which `use_model` would take: of
    /// forecasts the mean squared difference, else the
    /// Kullback-Leibler divergence of its class probabilities from the other's in nats, mean over what the loss is a
    /// mean over; where a sample can have several labels, also over the labels.
    virtual double divergence_from(Module& other, Split split) = 0;

protected:
    /// The model that this training step follows; null: none.
    const Teacher* teacher_of(const ForwardState& state) const;

    /// Those that share an evaluation.
    Communicator& ranks() { return ranks_ ? *ranks_ : alone_; }

private:
    const Teacher* teacher_ = nullptr;
    Communicator* ranks_ = nullptr;
    SelfCommunicator alone_;
};

}  // namespace heed
