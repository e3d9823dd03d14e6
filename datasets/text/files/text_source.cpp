#include "heed/datasets/text/files/text_source.h"

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
    labels_.add(sorted);
}

}  // namespace heed
