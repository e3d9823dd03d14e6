#include "heed/trainers/loop/in_memory_task.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "heed/core/error.h"
#include "heed/trainers/loop/stop_request.h"

namespace heed {

void InMemoryTask::begin(const BatchPlan& plan) {
    part_.reset();
    cursor_.emplace(batches(plan.batch, plan.shuffle, plan.seed), plan, epoch_steps(plan.batch));
}

MicroBatch InMemoryTask::next(ForwardState state) {
    if (!cursor_) throw Error("the training has not begun");
    const auto start = std::chrono::steady_clock::now();
    part_ = cursor_->next();
    fill(*part_);
    waited_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    MicroBatch result;
    if (!part_->places.empty()) {
        state.first_sample = static_cast<uint32_t>(part_->first_sample);
        result = compute(state);
    }
    result.position = part_->position;
    return result;
}

void InMemoryTask::observe(ForwardObserver& observer, int64_t samples) {
    const size_t count = part_ ? std::min(static_cast<size_t>(samples), part_->places.size()) : 0;
    if (count == 0) return;
    NoGradient guard(context_);
    ForwardState state;
    state.observer = &observer;
    show(part_->places.first(count), state);
}

void InMemoryTask::show_training(int64_t batch, uint64_t seed, ForwardObserver& observer,
                                 const std::function<bool(int64_t)>& after) {
    const TokenBatches all = batches(batch, true, seed);
    ForwardState state;
    state.observer = &observer;
    for (int64_t number = 0;; ++number) {
        const TokenEpoch epoch = all.epoch(number);
        for (int64_t i = 0; i < epoch.batches(); ++i) {
            stop_point();
            {
                const NoGradient guard(context_);
                show_together(epoch.batch(i), state);
            }
            if (!after(std::ssize(epoch.batch(i)))) return;
        }
    }
}

}  // namespace heed
