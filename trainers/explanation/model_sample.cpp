#include "heed/trainers/explanation/model_sample.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/trainers/classification/class_probabilities.h"
#include "heed/trainers/explanation/head_recorder.h"
#include "heed/trainers/loop/finite.h"
#include "heed/trainers/loop/stop_request.h"

namespace heed {

namespace {

/// While it lives the context's tape records; then all is forgotten, gradients of parameters included.
class GradientPass {
public:
    explicit GradientPass(SavedModel& saved) : saved_(saved) { saved_.trained.store->begin_step(); }
    ~GradientPass() {
        saved_.context->tape().clear();
        saved_.trained.store->begin_step();
    }
    GradientPass(const GradientPass&) = delete;
    GradientPass& operator=(const GradientPass&) = delete;

private:
    SavedModel& saved_;
};

void check_finite(const Variable& logits) {
    if (!all_finite(logits.value())) throw Error("the model gives numbers that are not finite");
}

size_t most_probable(std::span<const float> probabilities) {
    return static_cast<size_t>(std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin());
}

int64_t units_in(const std::vector<uint8_t>& mask) {
    return std::count_if(mask.begin(), mask.end(), [](uint8_t kept) { return kept != 0; });
}

}  // namespace

std::vector<float> ModelSample::last_row(const Variable& logits) const {
    check_finite(logits);
    return logits.value().slice(logits.shape()[0] - 1, 1).to_vector();
}

void ModelSample::explain(const Variable& logits) {
    ExplainedPrediction result;
    result.logits = last_row(logits);
    const Variable own(logits.value().slice(logits.shape()[0] - 1, 1));
    const std::vector<float> probabilities = class_probabilities(own, classes_.several);
    const auto best = static_cast<int64_t>(most_probable(probabilities));
    result.explained = classes_.explained.value_or(best);
    result.label = label(result.explained);
    result.probability = static_cast<double>(probabilities[static_cast<size_t>(result.explained)]);
    result.predicted = result.explained == best;
    prediction_ = std::move(result);
}

const ExplainedPrediction& ModelSample::prediction() {
    if (!prediction_) {
        const NoGradient guard(context());
        explain(whole({}));
    }
    return *prediction_;
}

std::vector<HeadRecord> ModelSample::heads(bool gradients) {
    const std::string lacking = lacking_weights(*saved_.trained.model);
    if (!lacking.empty()) throw UserError("attention cannot be explained: " + lacking);
    HeadRecorder recorder(gradients);
    ForwardState state;
    state.observer = &recorder;
    if (!gradients) {
        const NoGradient guard(context());
        whole(state);
        return recorder.records();
    }
    const GradientPass pass(saved_);
    const Variable logits = whole(state);
    if (!prediction_) explain(logits);
    // The gradient of log softmax(z)_y is e_y - softmax(z), that of log sigmoid(z_y) is (1 - sigmoid(z_y)) e_y.
    const int64_t rows = logits.shape()[0], classes = logits.shape()[1];
    const Variable own(logits.value().slice(rows - 1, 1));
    const std::vector<float> probabilities = class_probabilities(own, classes_.several);
    std::vector<float> seed(static_cast<size_t>(rows * classes), 0.0F);
    const std::span<float> of_own = std::span(seed).last(probabilities.size());
    const auto explained = static_cast<size_t>(prediction_->explained);
    for (size_t i = 0; i < probabilities.size(); ++i) of_own[i] = classes_.several ? 0.0F : -probabilities[i];
    of_own[explained] = 1.0F - probabilities[explained];
    context().tape().backward(logits, Tensor::from_host(context(), logits.shape(), std::span<const float>(seed)));
    return recorder.records();
}

void ModelSample::check_masks(std::span<const std::vector<uint8_t>> kept) const {
    for (const std::vector<uint8_t>& mask : kept) {
        if (mask.size() != input_.units.size()) {
            throw Error("expected a mask over " + std::to_string(input_.units.size()) + " units, got one over " +
                        std::to_string(mask.size()));
        }
        for (size_t unit = 0; unit < mask.size(); ++unit) {
            if (mask[unit] == 0 && input_.units[unit].fixed) {
                throw Error("expected a mask that keeps " + input_.units[unit].name + ", which always stays");
            }
        }
    }
}

TokenParts ModelSample::parts_of(std::span<const std::vector<uint8_t>> kept) const {
    int64_t most = 1;
    for (const auto& mask : kept) most = std::max(most, units_in(mask));
    std::vector<int32_t> places(kept.size() * static_cast<size_t>(most), 0), lengths;
    for (size_t row = 0; row < kept.size(); ++row) {
        size_t next = row * static_cast<size_t>(most);
        for (size_t unit = 0; unit < kept[row].size(); ++unit) {
            if (kept[row][unit] != 0) places[next++] = static_cast<int32_t>(unit);
        }
        lengths.push_back(static_cast<int32_t>(next - row * static_cast<size_t>(most)));
    }
    const int64_t rows = std::ssize(kept);
    return {Tensor::from_host(context(), {rows, most}, std::span<const int32_t>(places)),
            Tensor::from_host(context(), {rows}, std::span<const int32_t>(lengths))};
}

int64_t ModelSample::variants_at_once(int64_t units) const {
    constexpr int64_t tokens_at_a_time = 8192;
    return std::max<int64_t>(1, tokens_at_a_time / std::max<int64_t>(1, units));
}

std::vector<VariantAnswer> ModelSample::answers(std::span<const std::vector<uint8_t>> kept, Removal removal) {
    check_masks(kept);
    const ExplainedPrediction& whole_input = prediction();
    const auto explained = static_cast<size_t>(whole_input.explained);
    const NoGradient guard(context());
    // Parts of similar size share a batch, the largest first.
    std::vector<size_t> order(kept.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const bool by_size = removal == Removal::keys;
    if (by_size) {
        std::stable_sort(order.begin(), order.end(),
                         [&](size_t a, size_t b) { return units_in(kept[a]) > units_in(kept[b]); });
    }
    std::vector<VariantAnswer> answers(kept.size());
    for (size_t first = 0; first < order.size();) {
        stop_point();
        const int64_t units = by_size ? units_in(kept[order[first]]) : std::ssize(input_.units);
        const size_t count = std::min(static_cast<size_t>(variants_at_once(units)), order.size() - first);
        std::vector<std::vector<uint8_t>> masks;
        for (size_t i = first; i < first + count; ++i) masks.push_back(kept[order[i]]);
        const Variable logits = by_size ? parts(parts_of(masks)) : replaced(masks);
        check_finite(logits);
        const std::vector<float> probabilities = class_probabilities(logits, classes_.several);
        const size_t classes = probabilities.size() / count;
        for (size_t i = 0; i < count; ++i) {
            const auto row = std::span(probabilities).subspan(i * classes, classes);
            VariantAnswer& answer = answers[order[first + i]];
            answer.probability = static_cast<double>(row[explained]);
            answer.predicted = static_cast<int64_t>(most_probable(row));
            answer.same = classes_.several ? (answer.probability > 0.5) == (whole_input.probability > 0.5)
                                           : answer.predicted == whole_input.explained;
        }
        first += count;
    }
    return answers;
}

std::vector<float> ModelSample::with_weights(const WeightSubstitution& substitution) {
    HeadSubstitution observer(substitution);
    ForwardState state;
    state.observer = &observer;
    const NoGradient guard(context());
    return last_row(whole(state));
}

}  // namespace heed
