#include "heed/datasets/text/length_batches.h"

#include <algorithm>

#include "heed/datasets/batch_order.h"

namespace heed {

namespace {

/// The batches in another order of the same seed and epoch; the samples' own order must not give it away.
LengthBatches::Epoch shuffled(LengthBatches::Epoch batches, uint64_t seed, int64_t epoch) {
    constexpr uint64_t of_batches = 0x9e3779b97f4a7c15U;
    const std::vector<int64_t> order =
        epoch_order(true, seed ^ of_batches, epoch, static_cast<int64_t>(batches.size()));
    LengthBatches::Epoch result;
    result.reserve(batches.size());
    for (const int64_t place : order) result.push_back(std::move(batches[static_cast<std::size_t>(place)]));
    return result;
}

int64_t batch_count(int64_t samples, int64_t batch) {
    return (samples + batch - 1) / batch;
}

}  // namespace

CountedBatches::CountedBatches(std::vector<int64_t> lengths, int64_t count)
    : lengths_(std::move(lengths)), count_(count) {}

int64_t CountedBatches::size() const {
    return batch_count(static_cast<int64_t>(lengths_.size()), count_);
}

LengthBatches::Epoch CountedBatches::epoch(bool shuffle, uint64_t seed, int64_t epoch) const {
    constexpr int64_t window_batches = 64;
    const auto samples = static_cast<int64_t>(lengths_.size());
    std::vector<int64_t> order = epoch_order(shuffle, seed, epoch, samples);
    const auto shorter = [&](int64_t a, int64_t b) {
        return lengths_[static_cast<std::size_t>(a)] < lengths_[static_cast<std::size_t>(b)];
    };
    for (int64_t first = 0; shuffle && first < samples; first += window_batches * count_) {
        const auto begin = order.begin() + first;
        std::stable_sort(begin, order.begin() + std::min(samples, first + window_batches * count_), shorter);
    }
    Epoch batches;
    for (int64_t first = 0; first < samples; first += count_) {
        batches.emplace_back(order.begin() + first, order.begin() + std::min(samples, first + count_));
    }
    return shuffle ? shuffled(std::move(batches), seed, epoch) : batches;
}

TokenBatches::TokenBatches(const std::vector<int64_t>& lengths, int64_t tokens) {
    const int64_t longest = lengths.empty() ? 0 : *std::max_element(lengths.begin(), lengths.end());
    std::vector<int64_t> limits;  // the greatest length of each bucket
    for (int64_t limit = 4; limits.empty() || limits.back() < longest; limit += std::max<int64_t>(4, limit / 10)) {
        limits.push_back(limit);
        buckets_.push_back({0, std::max<int64_t>(1, tokens / limit)});
    }
    for (const int64_t length : lengths) {
        const auto bucket = std::lower_bound(limits.begin(), limits.end(), length) - limits.begin();
        bucket_of_.push_back(bucket);
        ++buckets_[static_cast<std::size_t>(bucket)].samples;
    }
}

int64_t TokenBatches::size() const {
    int64_t batches = 0;
    for (const Bucket& bucket : buckets_) batches += batch_count(bucket.samples, bucket.batch);
    return batches;
}

LengthBatches::Epoch TokenBatches::epoch(bool shuffle, uint64_t seed, int64_t epoch) const {
    std::vector<std::vector<int64_t>> members(buckets_.size());
    for (const int64_t sample : epoch_order(shuffle, seed, epoch, static_cast<int64_t>(bucket_of_.size()))) {
        members[static_cast<std::size_t>(bucket_of_[static_cast<std::size_t>(sample)])].push_back(sample);
    }
    Epoch batches;
    for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
        const auto end = members[bucket].end();
        for (auto begin = members[bucket].begin(); begin != end;) {
            const auto next = begin + std::min<std::ptrdiff_t>(buckets_[bucket].batch, end - begin);
            batches.emplace_back(begin, next);
            begin = next;
        }
    }
    return shuffle ? shuffled(std::move(batches), seed, epoch) : batches;
}

}  // namespace heed
