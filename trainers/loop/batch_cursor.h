#pragma once

#include <span>

#include "heed/datasets/batches/batch_loader.h"
#include "heed/datasets/text/token_batches.h"

namespace heed {

/// The samples of one micro-batch of one rank.
struct BatchPart {
    BatchPosition position;           ///< of its optimizer batch
    std::span<const int64_t> places;  ///< in the training split; valid until the next call
    std::span<const int64_t> whole;   ///< those of the whole optimizer batch, over all ranks and micro-batches
    int64_t first_sample = 0;         ///< place of the first one in the optimizer batch
};

/// Walks through batches that are in memory and need no loading. Passes over the data may have different numbers of
/// batches, or none, but an epoch of a training always has `epoch_steps`: they are counted on from pass to pass.
class BatchCursor {
public:
    /// Throws UserError when the start lies outside of an epoch.
    BatchCursor(TokenBatches batches, const BatchPlan& plan, int64_t epoch_steps);

    BatchPart next();

private:
    void next_pass();

    TokenBatches batches_;
    BatchPlan plan_;
    int64_t epoch_steps_;
    BatchPosition position_;
    int64_t pass_ = -1;
    TokenEpoch order_;     ///< of the pass
    int64_t in_pass_ = 0;  ///< number of the next batch in it
    int64_t micro_batch_ = 0;
};

}  // namespace heed
