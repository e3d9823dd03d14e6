#include "heed/trainers/classification/label_loss.h"

#include <iterator>

#include "heed/core/device/context.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/elementwise/elementwise.h"
#include "heed/core/ops/losses/binary_cross_entropy.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/ops/losses/totals.h"

namespace heed {

namespace {

LabelLoss one_label_loss(const Variable& logits, const std::vector<int32_t>& labels, const LabelLossOptions& options) {
    Context& context = logits.context();
    const int64_t classes = logits.shape()[1];
    const Tensor targets = indices_on_device(context, "labels", {std::ssize(labels)}, labels, 0, classes);
    const Tensor weights =
        options.class_weights.empty() ? Tensor() : Tensor::from_host(context, {classes}, options.class_weights);
    CrossEntropyResult result = cross_entropy(logits, targets, static_cast<float>(options.label_smoothing), weights);
    LabelLoss loss{std::move(result.loss), Tensor::zeros(context, {2}, DType::f64)};
    add_total(result.loss_total(), 1.0, loss.totals.view(0, {1}));
    add_equal_total(result.predictions, targets, loss.totals.view(1, {1}));
    return loss;
}

LabelLoss several_labels_loss(const Variable& logits, const LabelSets& labels, const LabelLossOptions& options) {
    Context& context = logits.context();
    const int64_t classes = logits.shape()[1];
    const std::vector<uint8_t> truth = label_matrix(labels, classes);
    const auto smoothing = static_cast<float>(options.label_smoothing);
    std::vector<float> values, weights;
    for (size_t i = 0; i < truth.size(); ++i) {
        values.push_back(static_cast<float>(truth[i]) * (1.0f - smoothing) + 0.5f * smoothing);
        if (options.class_weights.empty()) continue;
        weights.push_back(truth[i] != 0 ? options.class_weights[i % static_cast<size_t>(classes)] : 1.0f);
    }
    const Tensor targets = Tensor::from_host(context, logits.shape(), values);
    const BinaryCrossEntropyResult result = binary_cross_entropy(
        logits, targets, weights.empty() ? Tensor() : Tensor::from_host(context, logits.shape(), weights));
    LabelLoss loss{scale(result.loss, 1.0f / static_cast<float>(classes)), Tensor::zeros(context, {2}, DType::f64)};
    add_total(result.loss_total, 1.0 / static_cast<double>(classes), loss.totals.view(0, {1}));
    add_exact_total(logits.value(), targets, loss.totals.view(1, {1}));
    return loss;
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
