#include "heed/trainers/forecasts/series_predictor.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/datasets/series/sets/series_set.h"
#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/forecasts/forecast_facts.h"
#include "heed/trainers/forecasts/forecast_task.h"

namespace heed {

namespace {

/// The rows behind a series.
struct NextRows {
    std::vector<std::string> dates;
    std::vector<double> values;  ///< [horizon, targets], in their own units
};

/// A field of CSV, in quotes where it has to be.
std::string csv_field(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char character : text) quoted += character == '"' ? std::string("\"\"") : std::string(1, character);
    return quoted + "\"";
}

void check_predict_request(const PredictRequest& request) {
    if (request.files.empty() || request.files.front() == "-") {
        throw UserError("heed predict expects a file with a time series, as a forecaster reads no standard input");
    }
    if (request.files.size() > 1 && !request.json) {
        throw UserError(fmt::format("a table has the rows that follow one file, got {} files: --json takes several",
                                    request.files.size()));
    }
    if (request.top > 0 || !request.embedding.empty() || !request.dump.empty()) {
        throw UserError("a forecaster gives values: heed predict takes no --top, --embedding or --dump with it");
    }
}

NextRows next_rows(SavedModel& saved, const std::string& file) {
    const auto& facts = facts_as<ForecastFacts>(*saved.trained.facts);
    const Recipe& recipe = saved.trained.recipe;
    const TimeSeries series =
        series_set(recipe.section("data").choice()).read(recipe.options<SeriesOptions>("data"), file, facts.columns);
    if (series.step != facts.step) {
        throw UserError(fmt::format("'{}': expected a row every {}, as the model was trained on, got one every {}",
                                    series.origin, facts.step.text(), series.step.text()));
    }
    const WindowShape& shape = facts.shape;
    if (series.rows() < shape.window) {
        throw UserError(fmt::format("'{}': expected at least the {} rows that the model reads, got {}", series.origin,
                                    shape.window, series.rows()));
    }
    const int64_t first = series.rows();
    SeriesBatch batch;
    fill_windows(ScaledSeries(series, facts.scale, shape.horizon), shape, std::span(&first, 1), false, batch);
    const NoGradient guard(*saved.context);
    const std::vector<double> scaled =
        scaled_values(batch, forecast(*saved.context, saved.trained.model_as<Forecaster>(), batch, {}).value());
    NextRows rows;
    for (int64_t ahead = 0; ahead < shape.horizon; ++ahead) {
        rows.dates.push_back(series.time_text(series.step.after(series.times.front(), first + ahead)));
        for (int64_t i = 0; i < shape.target_count(); ++i) {
            const double value = scaled[static_cast<size_t>(ahead * shape.target_count() + i)];
            if (!std::isfinite(value)) throw Error("the model gives numbers that are not finite for " + file);
            rows.values.push_back(facts.scale.unscaled(value, shape.targets[static_cast<size_t>(i)]));
        }
    }
    return rows;
}

void print_table(const ForecastFacts& facts, const NextRows& rows) {
    const auto targets = static_cast<size_t>(facts.shape.target_count());
    std::string text = "date";
    for (size_t i = 0; i < targets; ++i) text += "," + csv_field(facts.target(static_cast<int64_t>(i)));
    text += '\n';
    for (size_t row = 0; row < rows.dates.size(); ++row) {
        text += rows.dates[row];
        for (size_t i = 0; i < targets; ++i) text += fmt::format(",{:.7g}", rows.values[row * targets + i]);
        text += '\n';
    }
    fmt::print("{}", text);
}

void print_object(const ForecastFacts& facts, const std::string& file, const NextRows& rows) {
    const auto targets = static_cast<size_t>(facts.shape.target_count());
    nlohmann::ordered_json json;
    json["file"] = file;
    json["forecast"] = nlohmann::ordered_json::array();
    for (size_t row = 0; row < rows.dates.size(); ++row) {
        nlohmann::ordered_json values;
        for (size_t i = 0; i < targets; ++i) {
            values[facts.target(static_cast<int64_t>(i))] = rows.values[row * targets + i];
        }
        json["forecast"].push_back({{"date", rows.dates[row]}, {"values", std::move(values)}});
    }
    print_json_line(json);
}

}  // namespace

void predict_series(SavedModel& saved, const PredictRequest& request) {
    check_predict_request(request);
    const auto& facts = facts_as<ForecastFacts>(*saved.trained.facts);
    for (const std::string& file : request.files) {
        const NextRows rows = next_rows(saved, file);
        if (request.json) {
            print_object(facts, file, rows);
        } else {
            print_table(facts, rows);
        }
    }
}

}  // namespace heed
