#include "heed/trainers/classification/label_loss.h"

#include <algorithm>

#include "heed/core/device/context.h"
#include "heed/core/ops/elementwise/elementwise.h"
#include "heed/core/ops/losses/binary_cross_entropy.h"
#include "heed/core/ops/losses/cross_entropy.h"

namespace heed {

namespace {

LabelLoss one_label_loss(const Variable& logits, const std::vector<int32_t>& labels, const LabelLossOptions& options) {
    Context& context = logits.context();
    const auto rows = static_cast<int64_t>(labels.size());
    const Tensor targets = Tensor::from_host(context, {rows}, std::span<const int32_t>(labels));
    const Tensor weights = options.class_weights.empty()
                               ? Tensor()
                               : Tensor::from_host(context, {logits.shape()[1]}, options.class_weights);
    CrossEntropyResult result = cross_entropy(logits, targets, static_cast<float>(options.label_smoothing), weights);
    std::vector<int32_t> predictions(labels.size());
    result.predictions.copy_to_host(predictions.data());
    LabelLoss loss{std::move(result.loss), {result.loss_sum, 0, rows}};
    for (size_t i = 0; i < labels.size(); ++i) loss.sums.correct += predictions[i] == labels[i] ? 1 : 0;
    return loss;
}

int64_t exact_matches(const std::vector<float>& logits, const std::vector<uint8_t>& truth, int64_t classes) {
    int64_t exact = 0;
    for (size_t row = 0; row < truth.size(); row += static_cast<size_t>(classes)) {
        bool right = true;
        for (size_t i = row; i < row + static_cast<size_t>(classes); ++i) {
            right = right && gives_label(logits[i]) == (truth[i] != 0);
        }
        exact += right ? 1 : 0;
    }
    return exact;
}

LabelLoss several_labels_loss(const Variable& logits, const LabelSets& labels, const LabelLossOptions& options) {
    Context& context = logits.context();
    const int64_t classes = logits.shape()[1];
    const std::vector<uint8_t> truth = label_matrix(labels, classes);
    const auto smoothing = static_cast<float>(options.label_smoothing);
    std::vector<float> targets, weights;
    for (size_t i = 0; i < truth.size(); ++i) {
        targets.push_back(static_cast<float>(truth[i]) * (1.0f - smoothing) + 0.5f * smoothing);
        if (options.class_weights.empty()) continue;
        weights.push_back(truth[i] != 0 ? options.class_weights[i % static_cast<size_t>(classes)] : 1.0f);
    }
    const BinaryCrossEntropyResult result =
        binary_cross_entropy(logits, Tensor::from_host(context, logits.shape(), targets),
                             weights.empty() ? Tensor() : Tensor::from_host(context, logits.shape(), weights));
    return {scale(result.loss, 1.0f / static_cast<float>(classes)),
            {result.loss_sum / static_cast<double>(classes), exact_matches(logits.value().to_vector(), truth, classes),
             labels.size()}};
}

}  // namespace

LabelLoss label_loss(const Variable& logits, const LabelSets& labels, const LabelLossOptions& options) {
    return options.several_labels ? several_labels_loss(logits, labels, options)
                                  : one_label_loss(logits, labels.flat(), options);
}

std::vector<uint8_t> label_matrix(const LabelSets& labels, int64_t classes) {
    std::vector<uint8_t> matrix(static_cast<size_t>(labels.size() * classes), 0);
    for (int64_t i = 0; i < labels.size(); ++i) {
        for (const int32_t label : labels[i]) matrix[static_cast<size_t>(i * classes + label)] = 1;
    }
    return matrix;
}

}  // namespace heed
