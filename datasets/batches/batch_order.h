#pragma once

#include <cstdint>
#include <vector>

namespace heed {

/// Positions begin .. end-1.
struct PositionRange {
    int64_t begin = 0;
    int64_t end = 0;

    int64_t size() const { return end - begin; }
    bool operator==(const PositionRange&) const = default;
};

/// Order in which epoch `epoch` visits the n samples of a split: the permutation of (seed, epoch), or 0 .. n-1.
std::vector<int64_t> epoch_order(bool shuffle, uint64_t seed, int64_t epoch, int64_t n);

/// Batches in an epoch of n samples; the last may be smaller.
int64_t batches_per_epoch(int64_t n, int64_t batch);

/// Positions in the epoch's order that the optimizer batch number `index` of the epoch takes.
PositionRange batch_range(int64_t n, int64_t batch, int64_t index);

/// Part number `part` of `parts` contiguous parts that tile `range` in order and differ by at most one in size.
PositionRange part_range(PositionRange range, int64_t parts, int64_t part);

}  // namespace heed
