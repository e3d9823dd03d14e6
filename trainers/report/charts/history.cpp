#include "heed/trainers/report/charts/history.h"

#include <algorithm>
#include <cmath>

namespace heed {

namespace {

EpochSummary& epoch_of(History& history, const MetricsRecord& record) {
    const int64_t epoch = record.integer("epoch").value_or(1);
    if (history.epochs.empty() || history.epochs.back().epoch != epoch) {
        history.epochs.emplace_back();
        history.epochs.back().epoch = epoch;
    }
    return history.epochs.back();
}

void add(std::vector<Sample>& samples, double step, std::optional<double> value, double weight) {
    if (value) samples.push_back({step, *value, weight});
}

void add_step(History& history, const MetricsRecord& record, int64_t step) {
    const auto at = static_cast<double>(step);
    const int64_t samples = std::max<int64_t>(1, record.integer("samples").value_or(1));
    const auto weight = static_cast<double>(samples);
    const std::optional<double> loss = record.number("loss");
    const std::optional<double> accuracy = record.number("accuracy");
    add(history.loss, at, loss, weight);
    add(history.accuracy, at, accuracy, weight);
    add(history.lr, at, record.number("lr"), 1.0);
    add(history.gradient_norm, at, record.number("gradient_norm"), 1.0);
    if (loss && !std::isfinite(*loss)) ++history.not_finite;

    const double seconds = record.number("seconds").value_or(0.0);
    const double data_wait = record.number("data_wait").value_or(0.0);
    if (seconds > 0.0) {
        add(history.rate, at, weight / seconds, seconds);
        add(history.wait, at, data_wait / seconds, seconds);
        history.seconds += seconds;
    }
    history.samples += samples;

    EpochSummary& epoch = epoch_of(history, record);
    const auto before = static_cast<double>(epoch.samples);
    epoch.samples += samples;
    epoch.loss = (epoch.loss * before + loss.value_or(0.0) * weight) / static_cast<double>(epoch.samples);
    epoch.correct = (epoch.correct * before + accuracy.value_or(0.0) * weight) / static_cast<double>(epoch.samples);
    epoch.seconds += seconds;
    epoch.data_wait += data_wait;
    epoch.last_step = step;
}

/// Mean of the fields whose names begin with `prefix`.
std::optional<double> mean_of(const MetricsRecord& record, std::string_view prefix) {
    double sum = 0.0;
    int64_t count = 0;
    for (const auto& [name, value] : record.fields) {
        if (!name.starts_with(prefix)) continue;
        sum += record.number(name).value_or(0.0);
        ++count;
    }
    return count > 0 ? std::optional(sum / static_cast<double>(count)) : std::nullopt;
}

/// Older runs tell the peak alone.
std::optional<MemoryUse> memory_of(const MetricsRecord& record) {
    const std::optional<int64_t> peak = record.integer("peak_bytes");
    const std::optional<int64_t> parameters = record.integer("parameter_bytes");
    if (!peak || !parameters) return std::nullopt;
    return MemoryUse{*parameters, record.integer("gradient_bytes").value_or(0),
                     record.integer("optimizer_bytes").value_or(0), *peak, record.integer("process_bytes").value_or(0)};
}

}  // namespace

History History::of(const std::vector<MetricsRecord>& metrics) {
    History history;
    for (const MetricsRecord& record : metrics) {
        const int64_t step = record.integer("step").value_or(0);
        const auto at = static_cast<double>(step);
        history.last_step = std::max(history.last_step, step);
        const std::optional<double> loss = record.number("loss");
        const std::optional<double> accuracy = record.number("accuracy");
        if (record.event == "step") {
            add_step(history, record, step);
        } else if (record.event == "validation") {
            add(history.validation_loss, at, loss, 1.0);
            add(history.validation_accuracy, at, accuracy, 1.0);
            // Older runs were compared by their accuracy alone.
            const std::optional<double> score = record.number("score") ? record.number("score") : accuracy;
            if (score && (!history.best || *score > history.best->score)) {
                history.best = {at, *score, std::string(record.text("compared_by").value_or("accuracy"))};
            }
            EpochSummary& epoch = epoch_of(history, record);
            epoch.validation_loss = loss;
            epoch.validation_accuracy = accuracy;
        } else if (record.event == "test") {
            if (loss) history.test_loss = Sample{at, *loss, 1.0};
            if (accuracy) history.test_accuracy = Sample{at, *accuracy, 1.0};
            history.peak_bytes = record.integer("peak_bytes");
            history.memory = memory_of(record);
        } else if (record.event == "watch") {
            add(history.update_ratio, at, record.number("update_ratio"), 1.0);
            add(history.attention_entropy, at, mean_of(record, "attention_entropy."), 1.0);
            add(history.covered_mass, at, mean_of(record, "covered_mass."), 1.0);
        } else if (record.event == "resume") {
            history.resumes.push_back(at);
        }
    }
    return history;
}

}  // namespace heed
