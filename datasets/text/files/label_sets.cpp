#include "heed/datasets/text/files/label_sets.h"

namespace heed {

void LabelSets::add(std::span<const int32_t> labels) {
    labels_.insert(labels_.end(), labels.begin(), labels.end());
    ends_.push_back(static_cast<int64_t>(labels_.size()));
}

std::span<const int32_t> LabelSets::operator[](int64_t index) const {
    const auto i = static_cast<std::size_t>(index);
    const int64_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::span(labels_).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(ends_[i] - begin));
}

LabelSets LabelSets::at(std::span<const int64_t> indices) const {
    LabelSets result;
    result.ends_.reserve(indices.size());
    for (const int64_t index : indices) result.add((*this)[index]);
    return result;
}

}  // namespace heed
