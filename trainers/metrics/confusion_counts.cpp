#include "heed/trainers/metrics/confusion_counts.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "heed/core/error.h"

namespace heed {

ConfusionCounts::ConfusionCounts(int64_t classes) {
    if (classes < 1) throw Error(fmt::format("expected at least one class to count, got {}", classes));
    for (std::vector<int64_t>* counts : {&samples_, &predicted_, &right_}) counts->resize(static_cast<size_t>(classes));
}

void ConfusionCounts::add(int64_t truth, int64_t prediction) {
    for (const int64_t label : {truth, prediction}) {
        if (label < 0 || label >= classes()) {
            throw Error(fmt::format("expected a class below {}, got {}", classes(), label));
        }
    }
    ++samples_[static_cast<size_t>(truth)];
    ++predicted_[static_cast<size_t>(prediction)];
    ++total_;
    if (truth == prediction) {
        ++right_[static_cast<size_t>(truth)];
        ++all_right_;
    } else {
        ++wrong_[truth * classes() + prediction];
    }
}

int64_t ConfusionCounts::count(int64_t truth, int64_t prediction) const {
    if (truth == prediction) return right(truth);
    const auto found = wrong_.find(truth * classes() + prediction);
    return found == wrong_.end() ? 0 : found->second;
}

std::vector<ConfusionCounts::Mistake> ConfusionCounts::mistakes() const {
    std::vector<Mistake> result;
    for (const auto& [place, count] : wrong_) result.push_back({place / classes(), place % classes(), count});
    std::sort(result.begin(), result.end(), [](const Mistake& a, const Mistake& b) {
        return std::tuple(-a.count, a.truth, a.prediction) < std::tuple(-b.count, b.truth, b.prediction);
    });
    return result;
}

}  // namespace heed
