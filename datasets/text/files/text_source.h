#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heed/datasets/text/files/label_sets.h"

namespace heed {

/// Labelled texts in memory.
class TextSource {
public:
    /// `several_labels`: a text has any number of classes, or none; else exactly one.
    TextSource(std::vector<std::string> class_names, bool several_labels);

    /// Error where a label is not the index of a class, or comes twice, or the number of labels is wrong.
    void add(std::string text, std::span<const int32_t> labels);

    int64_t size() const { return static_cast<int64_t>(texts_.size()); }
    const std::vector<std::string>& class_names() const { return class_names_; }
    bool several_labels() const { return several_labels_; }

    const std::string& text(int64_t index) const { return texts_[static_cast<std::size_t>(index)]; }

    /// Indices of the classes of a text, ascending.
    std::span<const int32_t> labels(int64_t index) const { return labels_[index]; }

    /// The class of a text where each has exactly one.
    int32_t label(int64_t index) const { return labels(index).front(); }

private:
    std::vector<std::string> class_names_;
    bool several_labels_;
    std::vector<std::string> texts_;
    LabelSets labels_;
};

}  // namespace heed
