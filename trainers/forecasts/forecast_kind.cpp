#include "heed/trainers/forecasts/forecast_kind.h"

#include <fmt/format.h>

#include "heed/core/error.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/datasets/series/sets/series_set.h"
#include "heed/layers/models/forecasters.h"
#include "heed/trainers/distillation/distill_options.h"
#include "heed/trainers/forecasts/forecast_facts.h"
#include "heed/trainers/forecasts/forecast_model.h"
#include "heed/trainers/forecasts/forecast_workload.h"
#include "heed/trainers/forecasts/series_predictor.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/placed.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed {

namespace {

class ForecastKind final : public TrainingKind {
public:
    const char* id() const override { return "forecasts"; }
    const char* name() const override { return ForecastFacts::kind_name; }
    const char* model_name() const override { return "a forecaster"; }
    bool classifies() const override { return false; }
    std::vector<std::string> metrics() const override {
        std::vector<std::string> names = {"loss"};
        for (const char* prefix : {"", "naive_last_", "naive_season_", "naive_mean_"}) {
            for (const char* metric : {"mse", "mae", "mse_real", "mae_real"}) {
                names.push_back(std::string(prefix) + metric);
            }
        }
        return names;
    }
    const char* unit() const override { return "windows"; }
    std::vector<std::string> class_parameters() const override { return {}; }

    std::vector<SectionChoice> models() const override { return choices_of(forecaster_types()); }
    std::vector<SectionChoice> data_sets() const override { return choices_of(series_sets()); }
    std::vector<SectionSpec> sections() const override {
        return {attention_section("encoder", "The self-attention of the encoder of a translator or forecaster."),
                attention_section("decoder", "The self-attention of the decoder of a translator or forecaster."),
                attention_section("cross", "The attention of such a decoder to the encoder.")};
    }

    std::unique_ptr<DataFacts> read_details(const std::string& json) const override {
        return ForecastFacts::from_details(json);
    }

    std::unique_ptr<Module> make_model(const Recipe& recipe, const DataFacts& facts) const override {
        return make_forecast_model(recipe, facts_as<ForecastFacts>(facts));
    }

    std::unique_ptr<Workload> open(const Recipe& recipe, Context& context, const SharedFacts& known) const override {
        return std::make_unique<ForecastWorkload>(recipe, context, known);
    }
    std::unique_ptr<Workload> open(TrainedModel& trained, Context& context) const override {
        return std::make_unique<ForecastWorkload>(trained, context);
    }

    void check_fit(const Recipe& recipe, const DataFacts*) const override {
        if (recipe.options<TrainOptions>("train").label_smoothing > 0) {
            throw UserError(
                recipe.placed("train.label_smoothing is for classes, but a forecaster says values: expected 0"));
        }
        const auto& distill = recipe.options<DistillOptions>("distill");
        if (distill.weight > 0 && distill.temperature != 1.0 &&
            recipe.section("distill").source("temperature").kind != Source::Kind::default_value) {
            throw UserError(
                recipe.placed("distill.temperature is for classes, but a forecaster says values: expected 1"));
        }
    }

    std::optional<ExpectedData> expected_data(const Recipe& recipe) const override {
        const SeriesSet& set = series_set(recipe.section("data").choice());
        const auto& options = recipe.options<SeriesOptions>("data");
        auto facts = std::make_shared<ForecastFacts>();
        facts->name = set.name;
        facts->columns = options.columns.empty() ? set.columns : options.columns;
        if (facts->columns.empty()) return std::nullopt;
        facts->shape = placed(recipe, [&] { return window_shape(options, facts->columns); });
        facts->scale.mean.assign(facts->columns.size(), 0.0);
        facts->scale.deviation.assign(facts->columns.size(), 1.0);
        return ExpectedData{facts,
                            std::ssize(forecast_begins(facts->shape, {0, set.train_rows}, options.stride, true))};
    }

    SampleCost sample_cost(const Recipe&, Module& module, const ExpectedData& data) const override {
        const auto& shape = facts_as<ForecastFacts>(*data.facts).shape;
        SampleCost cost;
        cost.tokens = shape.window;
        cost.multiplies = dynamic_cast<Forecaster&>(module).multiplies();
        cost.sample = "a window";
        cost.samples = "windows";
        cost.tokens_text =
            fmt::format("{} a window in the encoder, {} in the decoder", shape.window, shape.label + shape.horizon);
        if (data.train_samples == 0) {
            cost.steps =
                "known with the data alone, which are not looked at: an epoch is a window for every data.stride "
                "training rows";
        }
        return cost;
    }

    Variable forward_empty(Module& module, const DataFacts& facts, Context& context, int64_t count) const override {
        const auto& shape = facts_as<ForecastFacts>(facts).shape;
        const Tensor source = Tensor::zeros(context, {count, shape.window, shape.features()});
        const Tensor decoder = Tensor::zeros(context, {count, shape.label + shape.horizon, shape.features()});
        ForwardState state;
        state.training = true;
        const Variable values = dynamic_cast<Forecaster&>(module).forward(source, decoder, state);
        return reshape(values, {count * shape.horizon, shape.target_count()});
    }

    std::vector<std::pair<std::string, std::string>> information(const TrainedModel& trained) const override {
        const auto& facts = facts_as<ForecastFacts>(*trained.facts);
        return {{"data", fmt::format("{}: {}, a row every {}", facts.name, facts.text(), facts.step.text())},
                {"model", fmt::format("{}: {} multiply-adds for a window", trained.recipe.section("model").choice(),
                                      trained.model_as<Forecaster>().multiplies())}};
    }

    std::string compared_by(const DataFacts&) const override { return "loss"; }

    void predict(SavedModel& saved, const PredictRequest& request) const override { predict_series(saved, request); }
    std::vector<std::string> served_commands() const override { return {"predict"}; }
    std::vector<std::string> settings_of(const std::string& command) const override {
        if (command == "eval" || command == "report") return {"data.root"};
        return {};
    }
};

}  // namespace

const TrainingKind& forecast_kind() {
    static const ForecastKind kind;
    return kind;
}

}  // namespace heed
