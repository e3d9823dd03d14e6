#include "heed/apps/support/recipe_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "heed/apps/support/inference_time.h"
#include "heed/attention/registry.h"
#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/core/parallel.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/comparison/comparison_json.h"
#include "heed/trainers/comparison/comparison_text.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

std::vector<std::string> all_types() {
    std::vector<std::string> names;
    for (const AttentionType& type : attention_types()) names.emplace_back(type.name);
    return names;
}

ComparisonRequest request_of(const CompareCommand& command) {
    if (command.targets.size() != 1) {
        throw UserError("expected one recipe, got " + listed(command.targets));
    }
    const std::string& recipe = command.targets.front();
    return {.recipe = recipe,
            .overrides = command.overrides,
            .types = command.types.empty() ? all_types() : command.types,
            .seeds = command.seeds,
            .folder = command.folder.empty() ? comparison_folder(recipe, command.name) : command.folder};
}

/// How the numbers came about, as far as a reader has to know it.
std::vector<std::string> notes_on(const Comparison& comparison, int64_t threads) {
    std::vector<std::string> notes = {fmt::format(
        "Mean and standard deviation over the seeds. A seed fixes the order of the data, dropout, and the first values "
        "of all weights that types share; the data are split alike for all. Gains are differences paired by seed, with "
        "their {:g} % confidence interval (Student's t), of one comparison at a time.",
        100.0 * comparison.confidence)};
    notes.push_back(
        comparison.jobs == 1
            ? fmt::format("Training is the time in steps, one run after the other with {} threads.", threads)
            : fmt::format("Training is the time in steps of {} runs beside each other, with {} threads "
                          "each: these times cannot be compared.",
                          comparison.jobs, threads));
    notes.emplace_back(
        "Inference is a forward pass over the validation split, a sample's share of it, measured for one run after the "
        "other. Multiply-adds are those of a forward pass over the longest sample. Peak memory is that of the process "
        "that trained.");
    for (const Contender& contender : comparison.contenders) {
        if (!contender.remark.empty()) notes.push_back(contender.name + ": " + contender.remark + ".");
        if (std::ssize(contender.runs) == 1) {
            notes.push_back(contender.name + " has one seed, whose distance to others nobody knows.");
        }
    }
    return notes;
}

std::string baseline_of(const CompareCommand& command, const std::vector<std::string>& types) {
    const auto has = [&](const std::string& type) {
        return std::find(types.begin(), types.end(), type) != types.end();
    };
    if (command.baseline.empty()) return has("sdpa") ? "sdpa" : types.front();
    if (has(command.baseline)) return command.baseline;
    throw UserError("--baseline expects one of " + listed(types) + ", got " + quote(command.baseline) +
                    did_you_mean(command.baseline, types));
}

/// Seconds by folder and remarks by type, as a call before wrote them down.
nlohmann::json read_measured(const std::string& file) {
    std::ifstream stream(file);
    if (!stream) return nlohmann::json::object();
    nlohmann::json json = nlohmann::json::parse(stream, nullptr, false);
    return json.is_object() ? json : nlohmann::json::object();
}

}  // namespace

RecipeComparison::RecipeComparison(const CompareCommand& command, const StopSignals& signals)
    : command_(command),
      signals_(signals),
      plan_(request_of(command)),
      baseline_(baseline_of(command, plan_.request().types)) {
    const int64_t given = plan_.recipe().options<GeneralOptions>("").threads;
    const int64_t threads = given > 0 ? given : default_thread_count();
    threads_ = std::max<int64_t>(1, given > 0 ? given : threads / command.jobs);
    for (const PlannedRun& run : planned_runs()) plan_.check_folder(run);
}

/// Seeds one after the other, so that all types have one before any has two.
std::vector<PlannedRun> RecipeComparison::planned_runs() const {
    std::vector<PlannedRun> runs;
    for (const int64_t seed : plan_.seeds()) {
        for (const std::string& type : plan_.request().types) runs.push_back(plan_.run(type, seed, {}, true));
    }
    return runs;
}

const RunResult& RecipeComparison::result_of(const PlannedRun& run) {
    const auto known = results_.find(run.folder);
    if (known != results_.end()) return known->second;
    return results_.emplace(run.folder, read_run_result(run.folder)).first->second;
}

std::optional<Comparison> RecipeComparison::so_far(const std::vector<PlannedRun>& runs) {
    Comparison comparison;
    std::vector<RunResult> all;
    for (const std::string& type : plan_.request().types) {
        Contender contender = {.name = type, .settings = {}, .runs = {}, .remark = remarks_[type]};
        for (const PlannedRun& run : runs) {
            if (run.type != type || !is_done(run)) continue;
            contender.runs.push_back(result_of(run));
            all.push_back(contender.runs.back());
        }
        if (type == baseline_) comparison.baseline = comparison.contenders.size();
        comparison.contenders.push_back(std::move(contender));
    }
    if (all.empty()) return std::nullopt;
    check_comparable(all);
    comparison.metric = quality_metric(command_.metric, all);
    comparison.margin = command_.margin.value_or(comparison.metric.margin);
    comparison.jobs = command_.jobs;
    compare(comparison, {});
    return comparison;
}

void RecipeComparison::measure_inference(const std::vector<PlannedRun>& runs, ComparisonDisplay& display,
                                         bool trained) {
    const std::string file = plan_.request().folder + "/inference.json";
    nlohmann::json known = trained ? nlohmann::json::object() : read_measured(file);
    const int64_t given = plan_.recipe().options<GeneralOptions>("").threads;
    nlohmann::json measured = nlohmann::json::object();
    for (const PlannedRun& run : runs) {
        if (!is_done(run)) continue;
        const std::string name = std::filesystem::path(run.folder).lexically_relative(plan_.request().folder).string();
        if (known.contains(name)) {
            measured[name] = known[name];
        } else {
            if (measured.empty()) display.line("measuring inference, one run after the other");
            const InferenceTime time = inference_time(run.folder, given > 0 ? given : default_thread_count());
            measured[name] = {{"seconds", time.seconds}, {"remark", time.remark}};
        }
        results_.at(run.folder).inference_seconds = measured[name].at("seconds").get<double>();
        remarks_[run.type] = measured[name].at("remark").get<std::string>();
    }
    write_file_atomically(file, measured.dump(2) + "\n");
}

Comparison RecipeComparison::run() {
    const std::string& folder = plan_.request().folder;
    const ComparisonLock lock(folder);
    std::filesystem::create_directories(folder + "/logs");
    const std::vector<PlannedRun> runs = planned_runs();
    const auto table = [&] {
        const auto known = so_far(runs);
        if (!known) return std::string();
        TextTable short_table;
        for (const auto& row : result_table(*known)) short_table.emplace_back(row.begin(), row.begin() + 4);
        return aligned(short_table);
    };
    const auto result = [&](const PlannedRun& run) {
        const RunResult& ended = result_of(run);
        const QualityMetric metric = quality_metric(command_.metric, {ended});
        return fmt::format("{} {} after {}", metric.name, metric.text(*metric.of(ended)),
                           duration_text(ended.training_seconds));
    };
    ComparisonDisplay display(runs, table, result);
    TrainingQueue queue(plan_.request().recipe, command_.jobs, threads_, folder + "/logs", display);
    const bool trained = !std::all_of(runs.begin(), runs.end(), is_done);
    failed_ = queue.train(runs, signals_);
    if (!so_far(runs)) check_complete();
    measure_inference(runs, display, trained);
    display.clear();
    return finish(runs);
}

Comparison RecipeComparison::finish(const std::vector<PlannedRun>& runs) {
    Comparison comparison = *so_far(runs);
    const std::string& folder = plan_.request().folder;
    comparison.title = std::filesystem::path(folder).filename().string();
    comparison.facts = {{"Recipe", plan_.request().recipe},
                        {"Baseline", baseline_},
                        {"Seeds", fmt::format("{} to {}", plan_.seeds().front(), plan_.seeds().back())}};
    comparison.notes = notes_on(comparison, threads_);
    for (const FailedRun& failed : failed_) {
        comparison.notes.push_back("Failed and left out: " + failed.run.text() + " (" + failed.error + ").");
    }
    compare(comparison, default_claims(comparison.contenders, comparison.baseline));
    write_file_atomically(folder + "/comparison.json", comparison_json(comparison));
    write_file_atomically(folder + "/comparison.csv", comparison_csv(comparison));
    write_file_atomically(folder + "/comparison.md", comparison_markdown(comparison));
    return comparison;
}

void RecipeComparison::check_complete() const {
    if (failed_.empty()) return;
    std::string text;
    for (const FailedRun& failed : failed_) {
        text += (text.empty() ? "" : "; ") + failed.run.text() + ": " + failed.error;
    }
    throw Error(fmt::format("{} of the runs failed ({})", failed_.size(), text));
}

}  // namespace heed
