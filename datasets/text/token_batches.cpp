#include "heed/datasets/text/token_batches.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/random/random.h"

namespace heed {

std::span<const int64_t> TokenEpoch::part(int64_t index, int64_t parts, int64_t part) const {
    const auto place = static_cast<std::size_t>(index);
    const PositionRange range = part_range({begins[place], begins[place + 1]}, parts, part);
    return std::span(samples).subspan(static_cast<std::size_t>(range.begin), static_cast<std::size_t>(range.size()));
}

TokenBatches::TokenBatches(const TokenBatchPlan& plan, std::vector<int32_t> lengths, std::vector<int32_t> other_lengths,
                           std::vector<float> weights)
    : plan_(plan),
      lengths_(std::move(lengths)),
      other_lengths_(std::move(other_lengths)),
      weights_(std::move(weights)) {
    if ((!other_lengths_.empty() && other_lengths_.size() != lengths_.size()) ||
        (!weights_.empty() && weights_.size() != lengths_.size()) || (plan_.texts <= 0 && plan_.tokens <= 0) ||
        plan_.window < 1) {
        throw Error("the plan of token batches is out of range");
    }
    const auto is_weight = [](float weight) { return weight > 0 && std::isfinite(weight); };
    if (!std::all_of(weights_.begin(), weights_.end(), is_weight)) {
        throw Error("the weights of token batches have to be positive");
    }
    if (lengths_.empty()) throw UserError("expected at least one text to make batches of, found none");
    for (int64_t i = 0; i < std::ssize(lengths_); ++i) {
        const int64_t longest = std::max<int64_t>(lengths_[static_cast<std::size_t>(i)], other_length(i));
        if (plan_.tokens > 0 && longest > plan_.tokens) {
            throw UserError(
                fmt::format("data.tokens {} is less than the {} tokens of a single text; shorten texts by data.length "
                            "or data.source_length, or raise it",
                            plan_.tokens, longest));
        }
    }
}

int64_t TokenBatches::other_length(int64_t sample) const {
    return other_lengths_.empty() ? 0 : other_lengths_[static_cast<std::size_t>(sample)];
}

std::vector<int64_t> TokenBatches::visited_samples(int64_t epoch) const {
    std::vector<int64_t> samples;
    samples.reserve(lengths_.size());
    RandomSequence random(random_key(plan_.seed, RandomPurpose::data_order, "weights"), static_cast<uint32_t>(epoch));
    for (int64_t i = 0; i < std::ssize(lengths_); ++i) {
        int64_t copies = 1;
        if (!weights_.empty()) {
            const float weight = weights_[static_cast<std::size_t>(i)], whole = std::floor(weight);
            copies = static_cast<int64_t>(whole) + (random.uniform() < weight - whole ? 1 : 0);
        }
        samples.insert(samples.end(), static_cast<std::size_t>(copies), i);
    }
    return samples;
}

int64_t TokenBatches::window_size() const {
    if (plan_.texts > 0) return plan_.texts * plan_.window;
    const int64_t total = std::accumulate(lengths_.begin(), lengths_.end(), int64_t{0});
    const int64_t mean = std::max<int64_t>(1, total / std::ssize(lengths_));
    return std::max<int64_t>(1, plan_.tokens / mean * plan_.window);
}

void TokenBatches::sort_by_length(std::span<int64_t> samples) const {
    std::stable_sort(samples.begin(), samples.end(), [&](int64_t a, int64_t b) {
        const int32_t first = lengths_[static_cast<std::size_t>(a)], second = lengths_[static_cast<std::size_t>(b)];
        return first != second ? first < second : other_length(a) < other_length(b);
    });
}

void TokenBatches::cut(std::span<const int64_t> samples, std::vector<std::span<const int64_t>>& batches) const {
    std::size_t begin = 0;
    int64_t longest = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const int64_t length =
            std::max<int64_t>(lengths_[static_cast<std::size_t>(samples[i])], other_length(samples[i]));
        const auto count = static_cast<int64_t>(i - begin) + 1;
        const bool is_full = (plan_.texts > 0 && count > plan_.texts) ||
                             (plan_.tokens > 0 && count * std::max(longest, length) > plan_.tokens);
        if (is_full) {
            batches.push_back(samples.subspan(begin, i - begin));
            begin = i;
            longest = 0;
        }
        longest = std::max(longest, length);
    }
    if (begin < samples.size()) batches.push_back(samples.subspan(begin));
}

TokenEpoch TokenBatches::epoch(int64_t number) const {
    std::vector<int64_t> samples = visited_samples(number);
    std::vector<std::span<const int64_t>> batches;
    if (plan_.shuffle) {
        const std::vector<int64_t> order = permutation(plan_.seed, static_cast<uint32_t>(number), std::ssize(samples));
        std::vector<int64_t> shuffled(samples.size());
        for (std::size_t i = 0; i < order.size(); ++i) shuffled[i] = samples[static_cast<std::size_t>(order[i])];
        samples = std::move(shuffled);
    }
    const auto window = plan_.shuffle ? static_cast<std::size_t>(window_size()) : samples.size();
    for (std::size_t begin = 0; begin < samples.size(); begin += window) {
        const std::span<int64_t> part = std::span(samples).subspan(begin, std::min(window, samples.size() - begin));
        if (plan_.shuffle || plan_.sort) sort_by_length(part);
        cut(part, batches);
    }
    if (plan_.shuffle) {
        RandomSequence random(random_key(plan_.seed, RandomPurpose::data_order, "batches"),
                              static_cast<uint32_t>(number));
        for (std::size_t i = batches.size(); i > 1; --i) std::swap(batches[i - 1], batches[random.below(i)]);
    }
    TokenEpoch epoch;
    epoch.samples.reserve(samples.size());
    epoch.begins.push_back(0);
    for (const std::span<const int64_t> batch : batches) {
        epoch.samples.insert(epoch.samples.end(), batch.begin(), batch.end());
        epoch.begins.push_back(std::ssize(epoch.samples));
    }
    return epoch;
}

}  // namespace heed
