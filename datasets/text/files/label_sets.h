#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace heed {

/// The classes of many samples, any number each.
class LabelSets {
public:
    void add(std::span<const int32_t> labels);

    int64_t size() const { return static_cast<int64_t>(ends_.size()); }
    std::span<const int32_t> operator[](int64_t index) const;

    /// Those of some samples, in that order.
    LabelSets at(std::span<const int64_t> indices) const;

    /// All classes, sample after sample: one each where every sample has exactly one.
    const std::vector<int32_t>& flat() const { return labels_; }

private:
    std::vector<int32_t> labels_;
    std::vector<int64_t> ends_;
};

}  // namespace heed
