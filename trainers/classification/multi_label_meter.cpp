#include "heed/trainers/classification/multi_label_meter.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "heed/core/error.h"
#include "heed/trainers/classification/class_probabilities.h"
#include "heed/trainers/classification/label_loss.h"
#include "heed/trainers/loop/finite.h"

namespace heed {

MultiLabelMeter::MultiLabelMeter(int64_t labels, std::string samples)
    : labels_(labels), samples_(std::move(samples)), counts_(labels) {}

void MultiLabelMeter::measure(const Variable& logits, const LabelSets& labels, std::span<const int64_t> places,
                              Packer& packed) const {
    if (!all_finite(logits.value())) throw Error("the model gives numbers that are not finite for " + samples_);
    double totals[2];
    label_loss(logits, labels, {.several_labels = true}).totals.copy_to_host(totals);
    packed.add(totals[0]);
    packed.add_all(places);
    packed.add_all(std::span<const uint8_t>(label_matrix(labels, labels_)));
    packed.add_all(std::span<const float>(logits.value().to_vector()));
    packed.add_all(std::span<const float>(class_probabilities(logits, true)));
}

void MultiLabelMeter::add(Unpacker& packed) {
    loss_sum_ += packed.take<double>();
    const std::vector<int64_t> places = packed.take_all<int64_t>();
    const std::vector<uint8_t> truth = packed.take_all<uint8_t>();
    const std::vector<float> values = packed.take_all<float>();
    const std::vector<float> probabilities = packed.take_all<float>();
    const auto width = static_cast<size_t>(labels_);
    std::vector<uint8_t> given(width);
    for (size_t row = 0; row < places.size(); ++row) {
        LabelMistake mistake{places[row], {}, {}, 0.0};
        for (size_t label = 0; label < width; ++label) {
            const size_t at = row * width + label;
            given[label] = gives_label(values[at]) ? 1 : 0;
            if (given[label] == truth[at]) continue;
            (given[label] != 0 ? mistake.wrong : mistake.missing).push_back(static_cast<int32_t>(label));
            const double probability = given[label] != 0 ? probabilities[at] : 1.0f - probabilities[at];
            mistake.probability = std::max(mistake.probability, probability);
        }
        counts_.add(std::span(truth).subspan(row * width, width), given);
        if (!mistake.wrong.empty() || !mistake.missing.empty()) result_.label_mistakes.push_back(std::move(mistake));
    }
    result_.count += std::ssize(places);
}

void MultiLabelMeter::add(const Variable& logits, const LabelSets& labels, std::span<const int64_t> places) {
    Packer packed;
    measure(logits, labels, places, packed);
    Unpacker unpacked(packed.bytes());
    add(unpacked);
}

Evaluation MultiLabelMeter::finish() {
    if (result_.count == 0) throw Error("there are no " + samples_);
    MultiLabelScores scores = counts_.scores();
    result_.loss = loss_sum_ / static_cast<double>(result_.count);
    result_.accuracy = scores.exact_match;
    result_.score = scores.micro_f1;
    result_.compared_by = "micro F1";
    result_.more = {{"micro_f1", scores.micro_f1}, {"macro_f1", scores.macro_f1}};
    result_.labels = std::move(scores.labels);
    std::stable_sort(result_.label_mistakes.begin(), result_.label_mistakes.end(),
                     [](const LabelMistake& a, const LabelMistake& b) { return a.probability > b.probability; });
    result_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    return std::move(result_);
}

}  // namespace heed
