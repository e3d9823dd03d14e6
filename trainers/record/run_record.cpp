#include "heed/trainers/record/run_record.h"

#include <fmt/format.h>

#include "heed/trainers/record/metrics_reader.h"

namespace heed {

namespace {

std::string percent_of(double fraction) {
    return fmt::format("{:.2f} %", 100.0 * fraction);
}

/// "micro_f1 0.9123, macro_f1 0.8712"
std::string metrics_text(const Evaluation& result) {
    std::string text;
    for (const auto& [name, value] : result.more) {
        text += fmt::format("{}{} {:.4f}", text.empty() ? "" : ", ", name, value);
    }
    return text;
}

std::string validation_text(const Evaluation& result) {
    std::string text = "validation " + loss_text(result.loss);
    if (result.has_accuracy) text += ", accuracy " + percent_of(result.accuracy);
    if (!result.labels.empty()) return text + ", " + metrics_text(result);
    for (const auto& [name, value] : result.more) {
        if (const std::string label = score_label(name); !label.empty())
            text += fmt::format(", {} {:.2f}", label, value);
    }
    return text;
}

}  // namespace

RunRecord::RunRecord(RunPaths paths, bool tensorboard, bool owns)
    : paths_(std::move(paths)), tensorboard_(tensorboard), owns_(owns), log_(owns) {
    log_.open(paths_.log());
}

void RunRecord::begin() {
    if (!owns_) return;
    metrics_.emplace(paths_.metrics(), MetricsLog::Mode::start_new);
    if (tensorboard_) events_.emplace(paths_.events(), 0);
}

int64_t RunRecord::go_on(int64_t step, bool finished) {
    if (!owns_) return step;
    const KeptMetrics kept = truncate_metrics_after_step(paths_.metrics(), step, finished);
    metrics_.emplace(paths_.metrics(), MetricsLog::Mode::append);
    // Curves are written after metrics, so that theirs are of the same end where those have one.
    if (tensorboard_) events_.emplace(paths_.events(), step, kept.end_dropped);
    return kept.last_step;
}

void RunRecord::write(std::string_view event, std::string_view curves, int64_t step, const Values& values) {
    if (!owns_) return;
    fields_.clear();
    fields_.emplace_back("step", step);
    for (const Value& value : values) fields_.push_back(value.field);
    metrics_->write(event, fields_);
    if (!events_) return;
    for (const Value& value : values) {
        if (!value.curve) continue;
        const double* number = std::get_if<double>(&value.field.value);
        if (number) events_->scalar(fmt::format("{}/{}", curves, value.field.name), step, *number);
    }
}

RunRecord::Values RunRecord::values_of(const RunOrigin& origin) {
    return {{{"command", std::string_view(origin.command)}},
            {{"commit", std::string_view(origin.commit)}},
            {{"versions", std::string_view(origin.versions)}}};
}

void RunRecord::started(const RunOrigin& origin, const std::string& unit, const RunSize& size) {
    Values values = values_of(origin);
    values.push_back({{"unit", std::string_view(unit)}});
    for (const auto& [name, number] : {std::pair("steps", size.steps), std::pair("parameters", size.parameters),
                                       std::pair("attention_parameters", size.attention_parameters),
                                       std::pair("tokens", size.tokens), std::pair("multiplies", size.multiplies)}) {
        values.push_back({{name, number}});
    }
    write("start", "", 0, values);
}

void RunRecord::resumed(int64_t step, const RunOrigin& origin) {
    write("resume", "", step, values_of(origin));
}

void RunRecord::stopped(int64_t step, const std::string& signal) {
    write("stopped", "", step, {{{"signal", std::string_view(signal)}}});
}

void RunRecord::diverged(int64_t step, const std::string& reason) {
    write("diverged", "", step, {{{"reason", std::string_view(reason)}}});
}

void RunRecord::changed(int64_t step, const std::string& key, const std::string& from, const std::string& to) {
    write("change", "", step,
          {{{"key", std::string_view(key)}}, {{"from", std::string_view(from)}}, {{"to", std::string_view(to)}}});
    log_.line(fmt::format("changed after step {}: {} was {}, is now {}", step, key, from, to));
}

void RunRecord::swapped(const AttentionSwap& swap) {
    Values values = {{{"from", std::string_view(swap.from)}},
                     {{"to", std::string_view(swap.to)}},
                     {{"samples", swap.conversion.samples}},
                     {{"align", swap.conversion.align}}};
    if (swap.before) values.push_back({{"compared_by", std::string_view(swap.before->compared_by)}});
    const auto add_quality = [&](const std::optional<Evaluation>& result, const char* score, const char* loss,
                                 const char* accuracy) {
        if (!result) return;
        values.push_back({{score, result->score}});
        values.push_back({{loss, result->loss}});
        if (result->has_accuracy) values.push_back({{accuracy, result->accuracy}});
    };
    add_quality(swap.before, "score_before", "loss_before", "accuracy_before");
    add_quality(swap.after, "score_after", "loss_after", "accuracy_after");
    write("swap", "", 0, values);
    for (const ConvertedLayer& layer : swap.conversion.layers) {
        values = {{{"layer", std::string_view(layer.name)}},
                  {{"from", std::string_view(layer.from)}},
                  {{"to", std::string_view(layer.to)}},
                  {{"same_weights", layer.fit.exact}}};
        if (layer.fit.key_r2) values.push_back({{"keys_r2", *layer.fit.key_r2}});
        if (layer.fit.output_r2) values.push_back({{"outputs_r2", *layer.fit.output_r2}});
        if (layer.stream_r2) values.push_back({{"stream_r2", *layer.stream_r2}});
        if (layer.aligned_r2) values.push_back({{"aligned_r2", *layer.aligned_r2}});
        write("swap_layer", "", 0, values);
    }
    for (const std::string& line : swap.lines()) log_.line(line);
}

void RunRecord::step(const StepResult& result) {
    step_values_.assign({{{"epoch", result.epoch + 1}},
                         {{"loss", result.loss}, true},
                         {{"lr", result.lr}, true},
                         {{"gradient_norm", result.gradient_norm}, true},
                         {{"samples", result.samples}},
                         {{"seconds", result.seconds}},
                         {{"data_wait", result.data_wait}}});
    if (has_accuracy_) step_values_.insert(step_values_.begin() + 2, {{"accuracy", result.accuracy}, true});
    write("step", "train", result.step, step_values_);
    log_.step(result.step, result.epoch + 1, result.loss, result.samples, result.seconds);
    epoch_seconds_ += result.seconds;
    epoch_data_wait_ += result.data_wait;
}

void RunRecord::watched(int64_t step, std::span<const WatchedValue> watched) {
    if (watched.empty()) return;
    Values values;
    for (const WatchedValue& each : watched) values.push_back({{each.name, each.value}, true});
    write("watch", "watch", step, values);
}

void RunRecord::add_results(Values& values, const Evaluation& result) {
    values.push_back({{"loss", result.loss}, true});
    if (result.has_accuracy) values.push_back({{"accuracy", result.accuracy}, true});
    for (const auto& [name, value] : result.more) values.push_back({{name, value}, true});
    values.push_back({{"samples", result.count}});
    values.push_back({{"seconds", result.seconds}});
}

void RunRecord::validation(int64_t step, int64_t epoch, const Evaluation& result, bool epoch_ends) {
    Values values = {
        {{"epoch", epoch}}, {{"compared_by", std::string_view(result.compared_by)}}, {{"score", result.score}}};
    add_results(values, result);
    write("validation", "validation", step, values);
    const std::string text = validation_text(result);
    if (epoch_ends) {
        validation_text_ = "; " + text;
    } else {
        log_.line(fmt::format("step {}  {}", step, text));
    }
}

void RunRecord::average(int64_t step, int64_t models, const Evaluation& result, bool is_better) {
    Values values = {{{"models", models}},
                     {{"is_better", is_better}},
                     {{"compared_by", std::string_view(result.compared_by)}},
                     {{"score", result.score}}};
    add_results(values, result);
    write("average", "average", step, values);
    log_.line(fmt::format("mean of the {} best models: {}, {} than the best", models, validation_text(result),
                          is_better ? "better" : "no better"));
}

void RunRecord::end_epoch(const LossSums& sums) {
    const auto count = static_cast<double>(sums.count);
    std::string text = loss_text(sums.loss / count);
    if (has_accuracy_) text += ", accuracy " + percent_of(static_cast<double>(sums.correct) / count);
    if (epoch_seconds_ > 0.0) text += ", waiting for data " + percent_of(epoch_data_wait_ / epoch_seconds_);
    log_.end_epoch(text + validation_text_);
    validation_text_.clear();
    epoch_seconds_ = epoch_data_wait_ = 0.0;
}

void RunRecord::test(const TestResult& test) {
    const Evaluation& result = test.evaluation;
    Values values;
    add_results(values, result);
    for (const auto& [name, bytes] :
         {std::pair("peak_bytes", test.memory.peak), std::pair("parameter_bytes", test.memory.parameters),
          std::pair("gradient_bytes", test.memory.gradients), std::pair("optimizer_bytes", test.memory.optimizer),
          std::pair("process_bytes", test.memory.process_peak)}) {
        values.push_back({{name, bytes}});
    }
    write("test", "test", test.step, values);
    sync();
    const std::string accuracy = result.has_accuracy ? "accuracy " + percent_of(result.accuracy) + ", " : "";
    log_.line(
        fmt::format("test: {}loss {:.4f} ({}, {} {})", accuracy, result.loss, test.weights, result.count, test.unit));
    if (!result.labels.empty()) {
        log_.line("test: " + metrics_text(result) + " (accuracy: all labels are right)");
    }
    for (const std::string& line : result.remarks) log_.line(line);
}

}  // namespace heed
