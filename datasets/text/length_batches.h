#pragma once

#include <cstdint>
#include <vector>

namespace heed {

/// Puts samples of similar length into one optimizer batch, so that little of it is padding. An epoch has each sample
/// once, always has the same number of batches, and is a pure function of seed and epoch.
class LengthBatches {
public:
    /// Places of the samples of each batch.
    using Epoch = std::vector<std::vector<int64_t>>;

    virtual ~LengthBatches() = default;

    /// Batches in an epoch.
    virtual int64_t size() const = 0;
    /// Without `shuffle` every epoch is the same.
    virtual Epoch epoch(bool shuffle, uint64_t seed, int64_t epoch) const = 0;
};

/// Batches of `count` samples, the last of an epoch with what is left. Shuffled samples are sorted by length within
/// windows of many batches, then the batches are shuffled; without shuffling the samples come as they are.
class CountedBatches final : public LengthBatches {
public:
    CountedBatches(std::vector<int64_t> lengths, int64_t count);

    int64_t size() const override;
    Epoch epoch(bool shuffle, uint64_t seed, int64_t epoch) const override;

private:
    std::vector<int64_t> lengths_;
    int64_t count_;
};

/// Batches of at most `tokens` tokens, padding counted; a longer sample is a batch of its own. Samples belong to fixed
/// buckets of lengths that differ by at most a tenth (or 4 tokens), within which they are shuffled.
class TokenBatches final : public LengthBatches {
public:
    TokenBatches(const std::vector<int64_t>& lengths, int64_t tokens);

    int64_t size() const override;
    Epoch epoch(bool shuffle, uint64_t seed, int64_t epoch) const override;

private:
    struct Bucket {
        int64_t samples = 0;
        int64_t batch = 0;  ///< samples of a batch
    };

    std::vector<int64_t> bucket_of_;  ///< of each sample
    std::vector<Bucket> buckets_;     ///< by rising length
};

}  // namespace heed
