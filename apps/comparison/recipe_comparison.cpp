#include "heed/apps/comparison/recipe_comparison.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "heed/apps/comparison/comparison_lock.h"
#include "heed/apps/comparison/comparison_report.h"
#include "heed/apps/comparison/inference_time.h"
#include "heed/attention/attention.h"
#include "heed/attention/registry.h"
#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/core/parallel.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/comparison/experiment.h"
#include "heed/trainers/comparison/grid.h"
#include "heed/trainers/comparison/matching.h"
#include "heed/trainers/comparison/report/comparison_text.h"
#include "heed/trainers/kinds/registry.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/setting_key.h"
#include "heed/trainers/report/provenance.h"
#include "heed/trainers/report/text.h"
#include "heed/trainers/run/checks/resume_check.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

namespace {

std::vector<std::string> all_types() {
    std::vector<std::string> names;
    for (const AttentionType& type : attention_types()) names.emplace_back(type.name);
    return names;
}

/// Those that every model can be trained with: softmax attention in its forms.
std::vector<std::string> default_types() {
    std::vector<std::string> names;
    for (const AttentionType& type : attention_types()) {
        if (type.capabilities.softmax) names.emplace_back(type.name);
    }
    return names;
}

ComparisonRequest request_of(const CompareCommand& command) {
    if (command.targets.size() != 1) throw UserError("expected one recipe, got " + listed(command.targets));
    const std::string& recipe = command.targets.front();
    return {.recipe = recipe,
            .overrides = command.overrides,
            .types = command.types.empty() ? default_types() : command.types,
            .seeds = command.seeds,
            .folder = command.folder.empty() ? comparison_folder(recipe, command.name) : command.folder};
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

std::string joined(const std::vector<std::string>& texts, const char* separator) {
    std::string text;
    for (const std::string& each : texts) text += (text.empty() ? "" : separator) + each;
    return text;
}

void check_metric(const std::string& name, const TrainingKind& kind) {
    const std::vector<std::string> names = kind.metrics();
    if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return;
    throw UserError("--metric expects a metric of " + std::string(kind.model_name()) + ", " + listed(names, " or ") +
                    ", got " + quote(name) + did_you_mean(name, names));
}

/// What is known of the data of a recipe; their files are opened where it has to be.
ExpectedData expected_data_of(const Recipe& recipe) {
    const TrainingKind& kind = kind_of(recipe);
    if (const std::optional<ExpectedData> data = kind.expected_data(recipe)) return *data;
    Context context("shapes");
    return {kind.open(recipe, context, nullptr)->facts()};
}

/// Seconds and remarks by the folders of the runs, as a call before wrote them down. What is damaged is measured again.
nlohmann::json read_measured(const std::string& file) {
    std::ifstream stream(file);
    if (!stream) return nlohmann::json::object();
    const nlohmann::json json = nlohmann::json::parse(stream, nullptr, false);
    nlohmann::json whole = nlohmann::json::object();
    if (!json.is_object()) return whole;
    for (const auto& [name, each] : json.items()) {
        const bool known = each.contains("seconds") && each.contains("remark");
        if (known && each.at("seconds").is_number() && each.at("remark").is_string()) whole[name] = each;
    }
    return whole;
}

}  // namespace

RecipeComparison::RecipeComparison(const CompareCommand& command, const StopSignals& signals)
    : command_(command),
      signals_(signals),
      plan_(request_of(command)),
      baseline_(baseline_of(command, plan_.request().types)),
      grid_(grid_points(command.grid)) {
    for (const std::string& grid : command.grid) check_not_decided(setting_key(grid));
    check_not_decided(command.match_by);
    check_device(plan_.recipe());
    const int64_t given = plan_.recipe().options<GeneralOptions>("").threads;
    run_threads_ = given > 0 ? given : std::max<int64_t>(1, default_thread_count() / command.jobs);
    if (!command.claims.empty()) claims_ = read_claims(command.claims, all_types());
    check_metric(command.metric, kind_of(plan_.recipe()));
    if (!command.match.empty()) match_sizes();
    for (const PlannedRun& run : command.grid.empty() ? final_runs() : grid_runs()) plan_.check_folder(run);
    say_what_is_dense();
}

void RecipeComparison::say_what_is_dense() const {
    const std::optional<ExpectedData> data = kind_of(plan_.recipe()).expected_data(plan_.recipe());
    if (!data) return;  // it is said at the end
    for (const std::string& type : plan_.request().types) {
        const Recipe recipe = plan_.recipe_of(plan_.run(type, plan_.seeds().front(), settings_at(type, {}), true));
        const std::unique_ptr<Module> model = kind_of(recipe).make_model(recipe, *data->facts);
        const int64_t tokens = kind_of(recipe).sample_cost(recipe, *model, *data).tokens;
        const std::string remark = attention_remark(*model, tokens);
        if (remark.empty() || mean_score_share(*model, tokens) < 1.0) continue;
        fmt::print(stderr, "heed: note: {}\n", remark);
    }
}

int64_t RecipeComparison::threads_in_all() const {
    const int64_t given = plan_.recipe().options<GeneralOptions>("").threads;
    return given > 0 ? given : default_thread_count();
}

RecipeComparison::Settings RecipeComparison::settings_at(const std::string& type, const Settings& point) const {
    Settings settings;
    if (const auto matched = matched_.find(type); matched != matched_.end()) settings = matched->second;
    settings.insert(settings.end(), point.begin(), point.end());
    return settings;
}

void RecipeComparison::match_sizes() {
    const auto measure = command_.match == "parameters" ? MatchedMeasure::parameters : MatchedMeasure::multiplies;
    const int64_t seed = plan_.seeds().front();
    const ExpectedData data = expected_data_of(plan_.recipe());
    const auto measured = [&](const std::string& type, const Settings& settings) {
        return model_measure(plan_.recipe_of(plan_.run(type, seed, settings, true)), data, measure);
    };
    const int64_t target = measured(baseline_, {});
    for (const std::string& type : plan_.request().types) {
        if (type == baseline_) continue;
        const auto setting = [&](int64_t size) { return fmt::format("{}={}", command_.match_by, size); };
        const int64_t size = nearest_size([&](int64_t each) { return measured(type, {setting(each)}); }, target);
        const int64_t reached = measured(type, {setting(size)});
        matched_[type] = {setting(size)};
        notes_.push_back(fmt::format(
            "{} has {}, so that it has {} {}, {} has {} ({:+.2f} %).", type, setting(size), group_digits(reached),
            command_.match == "parameters" ? "parameters" : "multiply-adds", baseline_, group_digits(target),
            100.0 * (static_cast<double>(reached) / static_cast<double>(target) - 1.0)));
        fmt::print(stderr, "{}\n", notes_.back());
    }
}

std::vector<PlannedRun> RecipeComparison::grid_runs() const {
    std::vector<PlannedRun> runs;
    const auto seeds = static_cast<size_t>(std::min<int64_t>(command_.grid_seeds, std::ssize(plan_.seeds())));
    for (size_t i = 0; i < seeds; ++i) {
        for (const std::string& type : plan_.request().types) {
            for (const Settings& point : grid_) {
                runs.push_back(plan_.run(type, plan_.seeds()[i], settings_at(type, point), false));
            }
        }
    }
    return runs;
}

std::vector<PlannedRun> RecipeComparison::final_runs() const {
    std::vector<PlannedRun> runs;
    for (const int64_t seed : plan_.seeds()) {
        for (const std::string& type : plan_.request().types) {
            const auto chosen = chosen_.find(type);
            if (!command_.grid.empty() && chosen == chosen_.end()) continue;  // all of its grid failed
            runs.push_back(
                plan_.run(type, seed, settings_at(type, chosen == chosen_.end() ? Settings() : chosen->second), true));
        }
    }
    return runs;
}

std::optional<Comparison> RecipeComparison::so_far(const std::vector<PlannedRun>& runs) {
    Comparison comparison;
    std::vector<RunResult> all;
    for (const std::string& type : plan_.request().types) {
        Contender contender = {.name = type, .settings = {}, .runs = {}, .remark = remarks_[type]};
        for (const PlannedRun& run : runs) {
            if (run.type != type || !run.test || !is_done(run)) continue;
            contender.settings = run.chosen;
            contender.runs.push_back(results_.of(run.folder));
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

std::string RecipeComparison::table_so_far(const std::vector<PlannedRun>& runs) {
    constexpr std::ptrdiff_t columns = 4;  // attention, seeds, quality, gain
    const std::optional<Comparison> known = so_far(runs);
    if (!known) return "";
    TextTable table;
    for (const auto& row : result_table(*known)) table.emplace_back(row.begin(), row.begin() + columns);
    return aligned(table);
}

std::string RecipeComparison::result_text(const PlannedRun& run) {
    results_.forget(run.folder);  // it may have been read before its test
    const RunResult& result = results_.of(run.folder);
    const std::string after = " after " + duration_text(result.training_seconds);
    if (run.test) {
        const QualityMetric metric = quality_metric(command_.metric, {result});
        return metric.name + " " + metric.text(*metric.of(result)) + after;
    }
    if (!result.history.best) return "trained" + after;
    const BestValidation& best = *result.history.best;
    return fmt::format("validation {} {}", best.compared_by, score_text(best.compared_by, best.score)) + after;
}

void RecipeComparison::train(const std::vector<PlannedRun>& runs) {
    ComparisonDisplay display(
        runs, [&] { return table_so_far(runs); }, [&](const PlannedRun& run) { return result_text(run); });
    TrainingQueue queue(command_.jobs, run_threads_, folder() + "/logs", WrongInput::ends_all, display);
    const std::vector<FailedRun> failed = queue.train(runs, signals_);
    failed_.insert(failed_.end(), failed.begin(), failed.end());
}

void RecipeComparison::choose_by_grid() {
    const std::vector<PlannedRun> runs = grid_runs();
    train(runs);
    for (const std::string& type : plan_.request().types) {
        double highest = -INFINITY;
        std::string tried;
        for (const Settings& point : grid_) {
            const Settings settings = settings_at(type, point);
            double sum = 0.0;
            int64_t count = 0;
            std::string compared_by;
            for (const PlannedRun& run : runs) {
                if (run.type != type || run.chosen != settings ||
                    run_state(RunPaths(run.folder)) != RunState::finished) {
                    continue;
                }
                const std::optional<BestValidation>& best = results_.of(run.folder).history.best;
                if (!best) throw UserError("--grid chooses by validation data, of which the recipe has none");
                sum += best->score;
                compared_by = best->compared_by;
                ++count;
            }
            const double mean = count == 0 ? -INFINITY : sum / static_cast<double>(count);
            tried += (tried.empty() ? "" : "; ") + joined(point, " ") + ": " +
                     (count == 0 ? "failed" : compared_by + " " + score_text(compared_by, mean));
            if (!(mean > highest)) continue;
            highest = mean;
            chosen_[type] = point;
        }
        if (!chosen_.contains(type)) continue;
        notes_.push_back(fmt::format("{} has {}, chosen by validation (mean over {} {}): {}.", type,
                                     joined(chosen_[type], " "), command_.grid_seeds,
                                     command_.grid_seeds == 1 ? "seed" : "seeds", tried));
        fmt::print(stderr, "{}\n", notes_.back());
    }
}

void RecipeComparison::measure_inference(const std::vector<PlannedRun>& runs, bool again) {
    const std::string file = folder() + "/inference.json";
    const nlohmann::json known = again ? nlohmann::json::object() : read_measured(file);
    nlohmann::json measured = nlohmann::json::object();
    for (const PlannedRun& run : runs) {
        if (!is_done(run)) continue;
        const std::string name = std::filesystem::path(run.folder).lexically_relative(folder()).string();
        if (known.contains(name)) {
            measured[name] = known[name];
        } else {
            if (measured.empty()) fmt::print(stderr, "measuring inference, one run after the other\n");
            const InferenceTime time = inference_time(run.folder, threads_in_all());
            measured[name] = {{"seconds", time.seconds}, {"remark", time.remark}};
        }
        results_.of(run.folder).inference_seconds = measured[name].at("seconds").get<double>();
        remarks_[run.type] = measured[name].at("remark").get<std::string>();
    }
    write_file_atomically(file, measured.dump(2) + "\n");
}

Comparison RecipeComparison::run() {
    const ComparisonLock lock(folder());
    std::filesystem::create_directories(folder() + "/logs");
    if (!command_.grid.empty()) choose_by_grid();
    const std::vector<PlannedRun> runs = final_runs();
    if (runs.empty()) check_complete();
    for (const PlannedRun& run : runs) plan_.check_folder(run);
    const bool is_new = !std::all_of(runs.begin(), runs.end(), is_done);
    train(runs);
    if (!so_far(runs)) check_complete();
    measure_inference(runs, is_new);
    return finish(runs);
}

Comparison RecipeComparison::finish(const std::vector<PlannedRun>& runs) {
    Comparison comparison = *so_far(runs);
    const Recipe& recipe = plan_.recipe();
    const std::vector<int64_t>& seeds = plan_.seeds();
    comparison.title = std::filesystem::path(folder()).filename().string() + ": attention types compared";
    comparison.facts = {{"Recipe", plan_.request().recipe},
                        {"Data", recipe.section("data").choice()},
                        {"Model", recipe.section("model").choice()},
                        {"Baseline", baseline_},
                        {"Seeds", seeds.size() == 1 ? fmt::format("{}", seeds.front())
                                                    : fmt::format("{} to {}", seeds.front(), seeds.back())}};
    comparison.command = command_.text;
    comparison.settings = settings_not_default(recipe);
    comparison.recipe_yaml = portable_recipe(recipe);
    compare(comparison, command_.claims.empty() ? default_claims(comparison.contenders, comparison.baseline) : claims_);
    comparison.notes = notes_on_numbers(comparison);
    comparison.notes.emplace_back(
        "A seed fixes the order of the data, dropout, and the first values of all weights that types share; the data "
        "are split alike for all.");
    comparison.notes.push_back(
        command_.jobs == 1
            ? fmt::format("Training is the time in steps, one run after the other; threads: {}.", run_threads_)
            : fmt::format("Training is the time in steps of {} runs beside each other, so these times cannot be "
                          "compared; threads of each: {}.",
                          command_.jobs, run_threads_));
    comparison.notes.insert(comparison.notes.end(), notes_.begin(), notes_.end());
    for (const FailedRun& failed : failed_) {
        comparison.notes.push_back("Failed and left out: " + failed.run.text() + " (" + failed.error + ").");
    }
    write_comparison(comparison, folder());
    return comparison;
}

void RecipeComparison::check_complete() const {
    if (failed_.empty()) return;
    std::vector<std::string> texts;
    for (const FailedRun& failed : failed_) texts.push_back(failed.run.text() + ": " + failed.error);
    throw Error(fmt::format("{} of the runs failed ({})", failed_.size(), joined(texts, "; ")));
}

}  // namespace heed
