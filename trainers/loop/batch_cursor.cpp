#include "heed/trainers/loop/batch_cursor.h"

#include <utility>

#include "heed/core/error.h"

namespace heed {

BatchCursor::BatchCursor(TokenBatches batches, const BatchPlan& plan, int64_t epoch_steps)
    : batches_(std::move(batches)), plan_(plan), epoch_steps_(epoch_steps), position_(plan.start) {
    if (position_.epoch < 0 || position_.batch < 0 || position_.batch > epoch_steps_) {
        throw UserError("expected a start within the " + std::to_string(epoch_steps_) +
                        " batches of an epoch, got batch " + std::to_string(position_.batch) + " of epoch " +
                        std::to_string(position_.epoch) + "; the data or data.batch has changed");
    }
    int64_t left = position_.epoch * epoch_steps_ + position_.batch;
    next_pass();
    while (left >= order_.batches()) {
        left -= order_.batches();
        next_pass();
    }
    in_pass_ = left;
}

void BatchCursor::next_pass() {
    order_ = batches_.epoch(++pass_);
    in_pass_ = 0;
}

BatchPart BatchCursor::next() {
    if (position_.batch == epoch_steps_) position_ = {position_.epoch + 1, 0};
    while (in_pass_ == order_.batches()) next_pass();  // a pass over pairs of small weights may be empty
    const int64_t parts = plan_.ranks * plan_.micro_batches;
    BatchPart part;
    part.position = position_;
    part.whole = order_.batch(in_pass_);
    part.places = order_.part(in_pass_, parts, plan_.rank * plan_.micro_batches + micro_batch_);
    part.first_sample = part.places.data() - part.whole.data();
    if (++micro_batch_ == plan_.micro_batches) {
        micro_batch_ = 0;
        ++position_.batch;
        ++in_pass_;
    }
    return part;
}

}  // namespace heed
