#pragma once

#include <optional>
#include <span>

#include "heed/core/device/context.h"
#include "heed/trainers/loop/batch_cursor.h"
#include "heed/trainers/loop/task.h"

namespace heed {

/// A task whose training samples are all in memory and need no loading: the walk through their batches, which texts and
/// translations have in common.
class InMemoryTask : public Task {
public:
    void begin(const BatchPlan& plan) final;
    MicroBatch next(ForwardState state) final;
    void observe(ForwardObserver& observer, int64_t samples) final;
    void show_training(int64_t batch, uint64_t seed, ForwardObserver& observer,
                       const std::function<bool(int64_t)>& after) final;
    double waited_seconds() const final { return waited_seconds_; }

protected:
    explicit InMemoryTask(Context& context) : context_(context) {}

    virtual TokenBatches batches(int64_t batch, bool shuffle, uint64_t seed) const = 0;
    /// Makes a micro-batch ready, as wide as the whole optimizer batch: the random numbers of dropout are counted by a
    /// token's place in it.
    virtual void fill(const BatchPart& part) = 0;
    /// Loss, totals and count of the micro-batch that was filled last, which is not empty.
    virtual MicroBatch compute(const ForwardState& state) = 0;
    /// Runs the model forward on these training samples, as in evaluation, one at a time: without padding, whose rows
    /// would count as queries.
    virtual void show(std::span<const int64_t> places, const ForwardState& state) = 0;
    /// The same in one batch.
    virtual void show_together(std::span<const int64_t> places, const ForwardState& state) = 0;

    Context& context_;

private:
    std::optional<BatchCursor> cursor_;
    std::optional<BatchPart> part_;
    double waited_seconds_ = 0.0;
};

}  // namespace heed
