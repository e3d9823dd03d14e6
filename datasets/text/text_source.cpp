#include "heed/datasets/text/text_source.h"

#include <fmt/core.h>

#include <algorithm>

#include "heed/core/error.h"

namespace heed {

TextSource::TextSource(std::vector<std::string> class_names, bool several_labels)
    : class_names_(std::move(class_names)), several_labels_(several_labels) {}

void TextSource::add(std::string text, std::span<const int32_t> labels) {
    if (!several_labels_ && labels.size() != 1) {
        throw Error(fmt::format("a text expects one label, got {}", labels.size()));
    }
    std::vector<int32_t> sorted(labels.begin(), labels.end());
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        if (sorted[i] < 0 || sorted[i] >= std::ssize(class_names_) || (i > 0 && sorted[i] == sorted[i - 1])) {
            throw Error(
                fmt::format("label {} is not one of {} classes, or comes twice", sorted[i], class_names_.size()));
        }
    }
    texts_.push_back(std::move(text));
    labels_.insert(labels_.end(), sorted.begin(), sorted.end());
    label_ends_.push_back(std::ssize(labels_));
}

std::span<const int32_t> TextSource::labels(int64_t index) const {
    const auto i = static_cast<std::size_t>(index);
    const int64_t begin = i == 0 ? 0 : label_ends_[i - 1];
    return std::span(labels_).subspan(static_cast<std::size_t>(begin),
                                      static_cast<std::size_t>(label_ends_[i] - begin));
}

}  // namespace heed
