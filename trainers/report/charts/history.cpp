#include "heed/trainers/report/charts/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "heed/trainers/report/text.h"

namespace heed {

namespace {

EpochSummary& epoch_of(History& history, const MetricsRecord& record) {
    return history.epochs.row(record.integer("epoch").value_or(1));
}

void add_value(ThinnedSeries& series, double step, std::optional<double> value, double weight = 1.0) {
    if (value) series.add(step, *value, weight);
}

void add_step(History& history, const MetricsRecord& record, int64_t step) {
    const auto at = static_cast<double>(step);
    const int64_t samples = std::max<int64_t>(1, record.integer("samples").value_or(1));
    const auto weight = static_cast<double>(samples);
    const std::optional<double> loss = record.number("loss");
    const std::optional<double> accuracy = record.number("accuracy");
    add_value(history.loss, at, loss, weight);
    add_value(history.accuracy, at, accuracy, weight);
    add_value(history.lr, at, record.number("lr"));
    add_value(history.gradient_norm, at, record.number("gradient_norm"));
    if (loss && !std::isfinite(*loss)) ++history.not_finite;

    const double seconds = record.number("seconds").value_or(0.0);
    const double data_wait = record.number("data_wait").value_or(0.0);
    if (seconds > 0.0) {
        add_value(history.rate, at, weight / seconds, seconds);
        add_value(history.wait, at, data_wait / seconds, seconds);
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

std::string text_of(const MetricsRecord& record, std::string_view name) {
    return std::string(record.text(name).value_or(""));
}

/// "before" or "after".
std::optional<SwapHistory::Quality> quality_of(const MetricsRecord& record, const std::string& when) {
    const auto value = [&](const char* name) { return record.number(name + ("_" + when)); };
    if (!value("score")) return std::nullopt;
    return SwapHistory::Quality{*value("score"), value("loss").value_or(0.0), value("accuracy").value_or(0.0)};
}

SwapHistory swap_of(const MetricsRecord& record) {
    return {text_of(record, "from"),
            text_of(record, "to"),
            text_of(record, "compared_by"),
            record.integer("samples").value_or(0),
            record.integer("align").value_or(0),
            quality_of(record, "before"),
            quality_of(record, "after"),
            {}};
}

SwapHistory::Layer swapped_layer_of(const MetricsRecord& record) {
    const auto same = std::find_if(record.fields.begin(), record.fields.end(),
                                   [](const auto& field) { return field.first == "same_weights"; });
    const bool* flag = same == record.fields.end() ? nullptr : std::get_if<bool>(&same->second);
    return {
        text_of(record, "layer"), text_of(record, "from"),     text_of(record, "to"),      flag && *flag,
        record.number("keys_r2"), record.number("outputs_r2"), record.number("stream_r2"), record.number("aligned_r2")};
}

RunOrigin origin_of(const MetricsRecord& record) {
    return {std::string(record.text("command").value_or("")), std::string(record.text("commit").value_or("")),
            std::string(record.text("versions").value_or(""))};
}

}  // namespace

EpochSummary& EpochTable::row(int64_t epoch) {
    if (!rows_.empty() && rows_.back().epoch == epoch) return rows_.back();
    if (!rows_.empty()) close_last();
    rows_.emplace_back();
    rows_.back().epoch = epoch;
    return rows_.back();
}

void EpochTable::close_last() {
    if (epoch_steps_ == 0) epoch_steps_ = rows_.back().last_step;
    if (!stays(rows_.back().epoch)) rows_.pop_back();
    if (rows_.size() < most_rows) return;
    every_ *= 2;
    std::erase_if(rows_, [&](const EpochSummary& row) { return !stays(row.epoch); });
}

void History::add(const MetricsRecord& record) {
    const int64_t step = record.integer("step").value_or(0);
    const auto at = static_cast<double>(step);
    last_step = std::max(last_step, step);
    const std::optional<double> found_loss = record.number("loss");
    const std::optional<double> found_accuracy = record.number("accuracy");
    if (record.event == "step") {
        add_step(*this, record, step);
    } else if (record.event == "validation") {
        add_value(validation_loss, at, found_loss);
        add_value(validation_accuracy, at, found_accuracy);
        // Older runs were compared by their accuracy alone.
        const std::optional<double> score = record.number("score") ? record.number("score") : found_accuracy;
        if (score && (!best || *score > best->score)) {
            best = {at, *score, std::string(record.text("compared_by").value_or("accuracy"))};
        }
        EpochSummary& epoch = epoch_of(*this, record);
        epoch.validation_loss = found_loss;
        epoch.validation_accuracy = found_accuracy;
    } else if (record.event == "test") {
        if (found_loss) test_loss = Point{at, *found_loss};
        if (found_accuracy) test_accuracy = Point{at, *found_accuracy};
        peak_bytes = record.integer("peak_bytes");
        memory = memory_of(record);
    } else if (record.event == "watch") {
        add_value(update_ratio, at, record.number("update_ratio"));
        add_value(attention_entropy, at, mean_of(record, "attention_entropy."));
        add_value(covered_mass, at, mean_of(record, "covered_mass."));
    } else if (record.event == "start") {
        calls.push_back({step, origin_of(record)});
        unit = record.text("unit").value_or("");
    } else if (record.event == "swap") {
        swap = swap_of(record);
    } else if (record.event == "swap_layer" && swap) {
        swap->layers.push_back(swapped_layer_of(record));
    } else if (record.event == "resume") {
        resumes.push_back(at);
        calls.push_back({step, origin_of(record)});
        end.clear();
    } else if (record.event == "stopped") {
        end =
            fmt::format("Stopped by {} after step {}", record.text("signal").value_or("a signal"), group_digits(step));
    } else if (record.event == "diverged") {
        end = fmt::format("Diverged at step {}: {}", group_digits(step), record.text("reason").value_or("unknown"));
    }
}

History History::read(const std::string& metrics_path) {
    History history;
    for_each_metrics_record(metrics_path, [&](const MetricsRecord& record) { history.add(record); });
    return history;
}

}  // namespace heed
