#include "heed/trainers/classification/classification_meter.h"

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/ops/rows/softmax.h"
#include "heed/trainers/loop/finite.h"
#include "heed/trainers/metrics/classification.h"

namespace heed {

ClassificationMeter::ClassificationMeter(int64_t classes, std::string samples) : samples_(std::move(samples)) {
    result_.classes = classes;
    result_.confusion.assign(static_cast<size_t>(classes * classes), 0);
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
        ++result_.confusion[static_cast<size_t>(label * result_.classes + prediction)];
        correct_ += label == prediction ? 1 : 0;
        if (label == prediction) continue;
        const size_t place = i * static_cast<size_t>(result_.classes) + static_cast<size_t>(prediction);
        result_.mistakes.push_back({places[i], label, prediction, static_cast<double>(probabilities[place])});
    }
    result_.count += static_cast<int64_t>(labels.size());
}

Evaluation ClassificationMeter::finish() {
    if (result_.count == 0) throw Error("there are no " + samples_);
    const auto count = static_cast<double>(result_.count);
    result_.loss = loss_sum_ / count;
    result_.accuracy = static_cast<double>(correct_) / count;
    result_.score = result_.accuracy;
    result_.more = {{"f1", classification_scores(result_.confusion, result_.classes).macro_f1}};
    std::stable_sort(result_.mistakes.begin(), result_.mistakes.end(),
                     [](const Mistake& a, const Mistake& b) { return a.probability > b.probability; });
    result_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    return std::move(result_);
}

}  // namespace heed
