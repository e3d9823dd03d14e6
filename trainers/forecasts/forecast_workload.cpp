#include "heed/trainers/forecasts/forecast_workload.h"

#include <fmt/format.h>

#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/datasets/series/sets/series_set.h"
#include "heed/trainers/forecasts/forecast_model.h"
#include "heed/trainers/forecasts/forecast_sections.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/placed.h"
#include "heed/trainers/report/remarks.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

SeriesData open_series(const Recipe& recipe) {
    return placed(recipe, [&] {
        return series_set(recipe.section("data").choice()).open(recipe.options<SeriesOptions>("data"));
    });
}

DataFingerprints fingerprints_of(const SeriesData& data) {
    return {fingerprint(data.series, data.train), fingerprint(data.series, data.validation),
            fingerprint(data.series, data.test)};
}

SharedFacts facts_of_series(const Recipe& recipe, const SeriesData& data, const SharedFacts& known) {
    const DataFingerprints prints = fingerprints_of(data);
    if (known) {
        check_unchanged(*known, prints, data.series.origin);
        return known;
    }
    const auto& options = recipe.options<SeriesOptions>("data");
    auto facts = std::make_shared<ForecastFacts>();
    facts->name = data.name;
    facts->fingerprints = prints;
    facts->columns = data.series.columns;
    facts->shape = placed(recipe, [&] { return window_shape(options, data.series.columns); });
    facts->scale = scale_of(data.series, data.train);
    facts->step = data.series.step;
    facts->season = options.season > 0 ? options.season : data.series.step.season();
    return facts;
}

/// Throws UserError where the series has not the columns and the step that a model was trained on.
void check_same_form(const SeriesData& data, const ForecastFacts& facts) {
    if (data.series.columns != facts.columns) {
        throw UserError(fmt::format("the model was trained on the columns {}, but '{}' has {}", listed(facts.columns),
                                    data.series.origin, listed(data.series.columns)));
    }
    if (data.series.step != facts.step) {
        throw UserError(fmt::format("the model was trained on a row every {}, but '{}' has one every {}",
                                    facts.step.text(), data.series.origin, data.series.step.text()));
    }
}

}  // namespace

ForecastWorkload::ForecastWorkload(const Recipe& recipe, Context& context, const SharedFacts& known)
    : recipe_(recipe),
      data_(open_series(recipe)),
      facts_(facts_of_series(recipe, data_, known)),
      own_model_(make_forecast_model(recipe, forecast_facts())),
      model_(*own_model_),
      task_(context, model_, windows(), ForecastLoss::of(recipe)) {
    facts_->kind().check_fit(recipe, facts_.get());
}

ForecastWorkload::ForecastWorkload(TrainedModel& trained, Context& context)
    : recipe_(trained.recipe),
      data_(open_series(trained.recipe)),
      facts_(trained.facts),
      model_(trained.model_as<Forecaster>()),
      task_(context, model_, windows(), ForecastLoss::of(recipe_)) {}

const ForecastFacts& ForecastWorkload::forecast_facts() const {
    return facts_as<ForecastFacts>(*facts_);
}

ForecastData ForecastWorkload::windows() const {
    const ForecastFacts& facts = forecast_facts();
    check_same_form(data_, facts);
    const WindowShape& shape = facts.shape;
    ForecastData result;
    result.series = ScaledSeries(data_.series, facts.scale);
    result.shape = shape;
    result.season = facts.season;
    for (const int64_t target : shape.targets) {
        result.deviations.push_back(facts.scale.deviation[static_cast<size_t>(target)]);
    }
    result.train = forecast_begins(shape, data_.train, recipe_.options<SeriesOptions>("data").stride, true);
    result.validation = forecast_begins(shape, data_.validation, 1, false);
    result.test = forecast_begins(shape, data_.test, 1, false);
    if (result.train.empty()) {
        throw UserError(recipe_.placed(fmt::format(
            "data.window {} and data.horizon {} are longer together than the {} training rows: expected shorter ones, "
            "or more rows",
            shape.window, shape.horizon, data_.train.size())));
    }
    const auto check_part = [&](const char* part, PositionRange rows, const std::vector<int64_t>& begins) {
        if (!begins.empty()) return;
        throw UserError(recipe_.placed(fmt::format(
            "data.horizon {}: expected a {} part of at least as many rows, got {}", shape.horizon, part, rows.size())));
    };
    if (data_.validation.size() > 0) check_part("validation", data_.validation, result.validation);
    check_part("test", data_.test, result.test);
    return result;
}

std::vector<std::string> ForecastWorkload::changed_data() const {
    return facts_->fingerprints.changed(fingerprints_of(data_));
}

int64_t ForecastWorkload::attention_weights() const {
    return model_.heads() * most_tokens() * most_tokens();
}

std::vector<std::string> ForecastWorkload::description() {
    const ForecastFacts& facts = forecast_facts();
    const ForecastData& windows = task_.data();
    std::vector<std::string> lines = {
        fmt::format("{}: {} training, {} validation, {} test rows, a row every {}", data_.name, data_.train.size(),
                    data_.validation.size(), data_.test.size(), facts.step.text()),
        fmt::format("windows of {}: {} of training, {} of validation, {} of test", facts.text(), windows.train.size(),
                    windows.validation.size(), windows.test.size()),
        fmt::format("{} with {} attention: {} parameters", recipe_.section("model").choice(), attention_text(recipe_),
                    model_.parameter_count())};
    if (facts.season > facts.shape.window) {
        lines.push_back(fmt::format("no forecast repeats the last season, as {} rows are more than data.window {}",
                                    facts.season, facts.shape.window));
    }
    const std::string remark = attention_remark(model_, most_tokens());
    if (!remark.empty()) lines.push_back(remark);
    lines.insert(lines.end(), data_.remarks.begin(), data_.remarks.end());
    return lines;
}

void ForecastWorkload::add_to_report(ReportInput& input, const Evaluation& test) {
    const ForecastFacts& facts = forecast_facts();
    input.facts = {{"Data", data_.name},
                   {"Rows", fmt::format("{} of training, {} of validation, {} of test, one every {}",
                                        group_digits(data_.train.size()), group_digits(data_.validation.size()),
                                        group_digits(data_.test.size()), facts.step.text())},
                   {"Window", facts.text()}};
    add_forecast_sections(input, task_, facts, data_.series, test);
    if (!data_.remarks.empty()) input.sections.push_back(data_remarks_html(data_.remarks));
}

}  // namespace heed
