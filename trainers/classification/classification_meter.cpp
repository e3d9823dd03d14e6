#include "heed/trainers/classification/classification_meter.h"

#include <fmt/core.h>

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/ops/rows/softmax.h"
#include "heed/trainers/loop/finite.h"
#include "heed/trainers/metrics/classification.h"

namespace heed {

namespace {

constexpr int64_t most_classes_without_top5 = 10;

/// How many classes are more probable than `label`; of equals, the first ones count as more.
int64_t rank_of(std::span<const float> probabilities, size_t label) {
    int64_t rank = 0;
    for (size_t other = 0; other < probabilities.size(); ++other) {
        const bool before = other < label && probabilities[other] == probabilities[label];
        rank += before || probabilities[other] > probabilities[label] ? 1 : 0;
    }
    return rank;
}

}  // namespace

ClassificationMeter::ClassificationMeter(int64_t classes, std::string samples) : samples_(std::move(samples)) {
    result_.confusion = ConfusionCounts(classes);
}

void ClassificationMeter::add(const Variable& logits, std::span<const int32_t> labels,
                              std::span<const int64_t> places) {
    if (!all_finite(logits.value())) throw Error("the model gives numbers that are not finite for " + samples_);
    const Shape rows = {static_cast<int64_t>(labels.size())};
    const Tensor targets = Tensor::from_host(logits.context(), rows, labels);
    const CrossEntropyResult loss = cross_entropy(logits, targets, 0.0f);
    loss_sum_ += loss.nll_sum;
    std::vector<int32_t> predictions(labels.size());
    loss.predictions.copy_to_host(predictions.data());
    const std::vector<float> probabilities = softmax(logits).value().to_vector();
    for (size_t i = 0; i < labels.size(); ++i) {
        const int32_t label = labels[i], prediction = predictions[i];
        result_.confusion.add(label, prediction);
        const auto classes = static_cast<size_t>(result_.confusion.classes());
        const std::span<const float> row = std::span(probabilities).subspan(i * classes, classes);
        among_five_ += rank_of(row, static_cast<size_t>(label)) < 5 ? 1 : 0;
        if (label == prediction) continue;
        const auto probability = static_cast<double>(row[static_cast<size_t>(prediction)]);
        result_.mistakes.push_back({places[i], label, prediction, probability});
    }
    result_.count += static_cast<int64_t>(labels.size());
}

Evaluation ClassificationMeter::finish() {
    if (result_.count == 0) throw Error("there are no " + samples_);
    const auto count = static_cast<double>(result_.count);
    result_.loss = loss_sum_ / count;
    const ClassificationScores scores = classification_scores(result_.confusion);
    result_.accuracy = scores.accuracy;
    result_.score = result_.accuracy;
    result_.more = {{"f1", scores.macro_f1}};
    if (result_.confusion.classes() > most_classes_without_top5) {
        const double top5 = static_cast<double>(among_five_) / count;
        result_.more.emplace_back("top5", top5);
        result_.remarks.push_back(fmt::format("top-5 accuracy {:.2f} %", 100.0 * top5));
    }
    std::stable_sort(result_.mistakes.begin(), result_.mistakes.end(),
                     [](const Mistake& a, const Mistake& b) { return a.probability > b.probability; });
    result_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    return std::move(result_);
}

}  // namespace heed
