#include "heed/trainers/comparison/statistics/paired_accuracy.h"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "heed/core/error.h"

namespace heed {

namespace {

std::set<int64_t> wrong_samples(const Evaluation& result) {
    std::set<int64_t> wrong;
    for (const Mistake& mistake : result.mistakes) wrong.insert(mistake.index);
    for (const LabelMistake& mistake : result.label_mistakes) wrong.insert(mistake.index);
    return wrong;
}

int64_t missing_in(const std::set<int64_t>& all, const std::set<int64_t>& other) {
    int64_t count = 0;
    for (const int64_t sample : all) count += other.contains(sample) ? 0 : 1;
    return count;
}

}  // namespace

PairedAccuracy paired_accuracy(const Evaluation& first, const Evaluation& second, double confidence) {
    if (first.count != second.count) {
        throw UserError(fmt::format("expected both models to be measured on the same samples, got {} and {} of them",
                                    first.count, second.count));
    }
    if (first.count < 2) throw UserError("two models are compared on two samples or more");
    const std::set<int64_t> first_wrong = wrong_samples(first), second_wrong = wrong_samples(second);
    PairedAccuracy paired;
    paired.count = first.count;
    paired.first_alone = missing_in(second_wrong, first_wrong);
    paired.second_alone = missing_in(first_wrong, second_wrong);
    const auto n = static_cast<double>(paired.count);
    const auto apart = static_cast<double>(paired.first_alone + paired.second_alone);
    paired.difference = static_cast<double>(paired.first_alone - paired.second_alone) / n;
    const double variance = (apart - n * paired.difference * paired.difference) / (n - 1);
    const double half = student_quantile(0.5 + confidence / 2, n - 1) * std::sqrt(variance / n);
    paired.interval = {paired.difference - half, paired.difference + half};
    return paired;
}

}  // namespace heed
