#include "heed/trainers/classification/classification_meter.h"

#include <fmt/core.h>

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/ops/check.h"
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

void ClassificationMeter::measure(const Variable& logits, std::span<const int32_t> labels,
                                  std::span<const int64_t> places, Packer& packed) const {
    if (!all_finite(logits.value())) throw Error("the model gives numbers that are not finite for " + samples_);
    const Shape rows = {static_cast<int64_t>(labels.size())};
    const Tensor targets = indices_on_device(logits.context(), "labels", rows, labels, 0, result_.confusion.classes());
    const CrossEntropyResult loss = cross_entropy(logits, targets, 0.0f);
    std::vector<int32_t> predictions(labels.size());
    loss.predictions.copy_to_host(predictions.data());
    const std::vector<float> probabilities = softmax(logits).value().to_vector();
    const auto classes = static_cast<size_t>(result_.confusion.classes());
    std::vector<float> certainties;  // of the predictions
    int64_t among_five = 0;
    for (size_t i = 0; i < labels.size(); ++i) {
        const std::span<const float> row = std::span(probabilities).subspan(i * classes, classes);
        among_five += rank_of(row, static_cast<size_t>(labels[i])) < 5 ? 1 : 0;
        certainties.push_back(row[static_cast<size_t>(predictions[i])]);
    }
    packed.add(loss.totals().nll);
    packed.add(among_five);
    packed.add_all(labels);
    packed.add_all(places);
    packed.add_all(std::span<const int32_t>(predictions));
    packed.add_all(std::span<const float>(certainties));
}

void ClassificationMeter::add(Unpacker& packed) {
    loss_sum_ += packed.take<double>();
    among_five_ += packed.take<int64_t>();
    const std::vector<int32_t> labels = packed.take_all<int32_t>();
    const std::vector<int64_t> places = packed.take_all<int64_t>();
    const std::vector<int32_t> predictions = packed.take_all<int32_t>();
    const std::vector<float> certainties = packed.take_all<float>();
    for (size_t i = 0; i < labels.size(); ++i) {
        result_.confusion.add(labels[i], predictions[i]);
        if (labels[i] == predictions[i]) continue;
        result_.mistakes.push_back({places[i], labels[i], predictions[i], static_cast<double>(certainties[i])});
    }
    result_.count += static_cast<int64_t>(labels.size());
}

void ClassificationMeter::add(const Variable& logits, std::span<const int32_t> labels,
                              std::span<const int64_t> places) {
    Packer packed;
    measure(logits, labels, places, packed);
    Unpacker unpacked(packed.bytes());
    add(unpacked);
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
