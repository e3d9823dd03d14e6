#include "heed/trainers/forecasts/forecast_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/forecasts/forecast_kind.h"

namespace heed {

namespace {

constexpr int64_t most_rows = int64_t{1} << 20;

int64_t rows_of(const nlohmann::json& json, const char* key, int64_t least) {
    const auto rows = json.at(key).get<int64_t>();
    if (rows < least || rows > most_rows) throw UserError(std::string("the value of ") + key + " cannot be");
    return rows;
}

const char* norm_name(WindowNorm norm) {
    return norm == WindowNorm::last ? "last" : norm == WindowNorm::mean ? "mean" : "none";
}

}  // namespace

std::unique_ptr<ForecastFacts> ForecastFacts::from_details(const std::string& text) {
    const nlohmann::json json = nlohmann::json::parse(text);
    auto facts = std::make_unique<ForecastFacts>();
    json.at("columns").get_to(facts->columns);
    json.at("mean").get_to(facts->scale.mean);
    json.at("deviation").get_to(facts->scale.deviation);
    const size_t count = facts->columns.size();
    if (count == 0 || facts->scale.mean.size() != count || facts->scale.deviation.size() != count) {
        throw UserError("columns, mean and deviation are of different lengths, or empty");
    }
    for (const double mean : facts->scale.mean) {
        if (!std::isfinite(mean)) throw UserError("the value of mean cannot be");
    }
    for (const double deviation : facts->scale.deviation) {
        if (!std::isfinite(deviation) || deviation <= 0) throw UserError("the value of deviation cannot be");
    }
    WindowShape& shape = facts->shape;
    shape.window = rows_of(json, "window", 1);
    shape.label = rows_of(json, "label", 0);
    shape.horizon = rows_of(json, "horizon", 1);
    shape.columns = static_cast<int64_t>(count);
    json.at("targets").get_to(shape.targets);
    for (const int64_t target : shape.targets) {
        if (target < 0 || target >= shape.columns) throw UserError("the value of targets cannot be");
    }
    if (shape.targets.empty() || shape.label > shape.window) throw UserError("the value of label or targets cannot be");
    const auto norm = json.at("normalise").get<std::string>();
    for (const WindowNorm each : {WindowNorm::none, WindowNorm::last, WindowNorm::mean}) {
        if (norm == norm_name(each)) shape.norm = each;
    }
    if (norm != norm_name(shape.norm)) throw UserError("the value of normalise cannot be");
    json.at("step_seconds").get_to(facts->step.seconds);
    json.at("step_months").get_to(facts->step.months);
    json.at("month_end").get_to(facts->step.month_end);
    facts->season = rows_of(json, "season", 0);
    return facts;
}

const TrainingKind& ForecastFacts::kind() const {
    return forecast_kind();
}

std::string ForecastFacts::details() const {
    const nlohmann::json json = {{"columns", columns},           {"mean", scale.mean},
                                 {"deviation", scale.deviation}, {"window", shape.window},
                                 {"label", shape.label},         {"horizon", shape.horizon},
                                 {"targets", shape.targets},     {"normalise", norm_name(shape.norm)},
                                 {"step_seconds", step.seconds}, {"step_months", step.months},
                                 {"month_end", step.month_end},  {"season", season}};
    return json.dump();
}

SeriesGeometry ForecastFacts::geometry() const {
    return {shape.features(), shape.target_count(), shape.window, shape.label, shape.horizon, shape.targets};
}

const std::string& ForecastFacts::target(int64_t target) const {
    return columns[static_cast<size_t>(shape.targets[static_cast<size_t>(target)])];
}

std::string ForecastFacts::text() const {
    std::vector<std::string> targets;
    for (int64_t i = 0; i < shape.target_count(); ++i) targets.push_back(target(i));
    return fmt::format("{} rows to {}, of {} from {}", shape.window, shape.horizon, listed(targets), listed(columns));
}

WindowShape window_shape(const SeriesOptions& options, const std::vector<std::string>& columns) {
    return {.window = options.window,
            .label = options.label,
            .horizon = options.horizon,
            .columns = static_cast<int64_t>(columns.size()),
            .targets = target_places(options.targets, columns),
            .norm = options.window_norm()};
}

}  // namespace heed
