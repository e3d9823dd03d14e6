#include "heed/trainers/metrics/classification.h"

#include <fmt/core.h>

#include "heed/core/error.h"

namespace heed {

namespace {

double fraction_of(int64_t part, int64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// `both`: samples that have the class and were given it.
ClassScore class_score(int64_t both, int64_t samples, int64_t predicted) {
    return {fraction_of(both, predicted), fraction_of(both, samples), fraction_of(2 * both, samples + predicted),
            samples, predicted};
}

/// The mean over what occurs at all; 0 when nothing does.
double mean_f1(const std::vector<ClassScore>& scores) {
    double sum = 0.0;
    int64_t count = 0;
    for (const ClassScore& score : scores) {
        if (score.samples == 0 && score.predicted == 0) continue;
        sum += score.f1;
        ++count;
    }
    return count == 0 ? 0.0 : sum / static_cast<double>(count);
}

}  // namespace

ClassificationScores classification_scores(const ConfusionCounts& confusion) {
    if (confusion.total() == 0) throw Error("a classifier is scored on at least one sample, got none");
    ClassificationScores result;
    for (int64_t c = 0; c < confusion.classes(); ++c) {
        result.classes.push_back(class_score(confusion.right(c), confusion.samples(c), confusion.predicted(c)));
    }
    result.accuracy = fraction_of(confusion.all_right(), confusion.total());
    result.macro_f1 = mean_f1(result.classes);
    return result;
}

MultiLabelCounts::MultiLabelCounts(int64_t labels) {
    if (labels < 1) throw Error(fmt::format("expected at least one label to count, got {}", labels));
    labels_.resize(labels);
}

void MultiLabelCounts::add(std::span<const uint8_t> truth, std::span<const uint8_t> predicted) {
    if (truth.size() != labels_.size() || predicted.size() != labels_.size()) {
        throw Error(fmt::format("a sample expects {} labels, got {} true and {} predicted ones", labels_.size(),
                                truth.size(), predicted.size()));
    }
    bool exact = true;
    for (size_t i = 0; i < labels_.size(); ++i) {
        const bool has = truth[i] != 0, given = predicted[i] != 0;
        labels_[i].both += has && given;
        labels_[i].samples += has;
        labels_[i].predicted += given;
        exact = exact && has == given;
    }
    exact_ += exact;
    ++samples_;
}

MultiLabelScores MultiLabelCounts::scores() const {
    if (samples_ == 0) throw Error("a classifier is scored on at least one sample, got none");
    MultiLabelScores result;
    Label all;
    for (const Label& label : labels_) {
        result.labels.push_back(class_score(label.both, label.samples, label.predicted));
        all.both += label.both;
        all.samples += label.samples;
        all.predicted += label.predicted;
    }
    result.micro_f1 = class_score(all.both, all.samples, all.predicted).f1;
    result.macro_f1 = mean_f1(result.labels);
    result.exact_match = fraction_of(exact_, samples_);
    return result;
}

}  // namespace heed
