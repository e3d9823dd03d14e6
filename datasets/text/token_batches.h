#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "heed/datasets/batches/batch_order.h"

namespace heed {

/// How texts are put together into batches. At least one of the two limits is given.
struct TokenBatchPlan {
    int64_t texts = 0;   ///< most texts in a batch; 0: no limit
    int64_t tokens = 0;  ///< most tokens in a batch, padding included, on each side of pairs; 0: no limit
    bool shuffle = true;
    uint64_t seed = 0;
    int64_t window = 64;  ///< texts of about this many batches are sorted by length together
    /// Without `shuffle`: shortest first; else in their order.
    bool sort = true;
};

/// The batches of one epoch.
struct TokenEpoch {
    std::vector<int64_t> samples;  ///< batch after batch
    std::vector<int64_t> begins;   ///< where each batch begins in `samples`, and the end of the last

    int64_t batches() const { return static_cast<int64_t>(begins.size()) - 1; }

    /// The samples of a batch.
    std::span<const int64_t> batch(int64_t index) const { return part(index, 1, 0); }

    /// Part number `part` of `parts` that tile a batch (as part_range divides it), for micro-batches and ranks; may be
    /// empty where a batch has fewer samples than parts.
    std::span<const int64_t> part(int64_t index, int64_t parts, int64_t part) const;
};

/// Batches of texts of similar length, so that little is padded. In training, the samples of an epoch are shuffled,
/// then sorted by length within large windows and cut into batches, and the batches are shuffled. The epoch is a pure
/// function of lengths, weights, plan and epoch number, so that training can go on at any batch.
class TokenBatches {
public:
    /// Lengths of the samples. For pairs `lengths` is that of the targets, by which they are sorted first, and
    /// `other_lengths` that of the sources. `weights` (none: 1) is how often a sample comes in an epoch on average: its
    /// whole part always, once more with the probability of the rest; an epoch of few samples with small weights may
    /// have no batch. UserError where a sample alone is longer than `plan.tokens`, or there is none; Error where a
    /// weight is not positive.
    TokenBatches(const TokenBatchPlan& plan, std::vector<int32_t> lengths, std::vector<int32_t> other_lengths = {},
                 std::vector<float> weights = {});

    TokenEpoch epoch(int64_t number) const;

private:
    std::vector<int64_t> visited_samples(int64_t epoch) const;
    int64_t window_size() const;
    int64_t other_length(int64_t sample) const;
    void sort_by_length(std::span<int64_t> samples) const;
    void cut(std::span<const int64_t> samples, std::vector<std::span<const int64_t>>& batches) const;

    TokenBatchPlan plan_;
    std::vector<int32_t> lengths_, other_lengths_;
    std::vector<float> weights_;
};

}  // namespace heed
