#include "heed/trainers/conversion/sensitivity.h"

#include <algorithm>
#include <map>

#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/trainers/conversion/layer_settings.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed {

namespace {

int64_t attention_multiplies(Module& model) {
    int64_t count = 0;
    for (const Attention* layer : attention_layers(model)) {
        count += layer->multiplies(layer->geometry().max_tokens, layer->geometry().max_keys());
    }
    return count;
}

std::map<std::string, std::string> types_of(Module& model) {
    std::map<std::string, std::string> types;
    for (const Attention* layer : attention_layers(model)) types[layer->name()] = layer->type();
    return types;
}

}  // namespace

Sensitivity::Sensitivity(TrainedModel& old, const std::string& recipe_text, std::vector<std::string> settings,
                         Context& context)
    : old_(old), recipe_text_(recipe_text), settings_(std::move(settings)), context_(context) {
    opened_ = std::make_unique<TrainedModel>(model_with(settings_for_layers(settings_, old_.recipe, {})));
    workload_ = old_.facts->kind().open(*opened_, context_);
    Task& task = workload_->task();
    if (task.samples(Split::validation) == 0) {
        throw UserError("the damage is measured on validation samples, and there are none (data.validation was 0)");
    }
    task.use_model(*old_.model);
    before_.what = "as it was";
    before_.result = task.evaluate(Split::validation);
    before_.multiplies = attention_multiplies(*old_.model);
    before_.parameters = attention_parameter_count(*old_.model);
}

Sensitivity::~Sensitivity() = default;

TrainedModel Sensitivity::model_with(const std::vector<std::string>& settings) const {
    return TrainedModel::untrained(context_, parse_recipe(recipe_spec(), recipe_text_, old_.recipe.path(), settings),
                                   old_);
}

SwapTrial Sensitivity::try_layers(const std::string& what, const std::vector<std::string>& layers) {
    TrainedModel next = model_with(settings_for_layers(settings_, old_.recipe, layers));
    Task& task = workload_->task();
    task.use_model(*next.model);
    const auto& options = next.recipe.options<ConvertOptions>("convert");
    Converter(*old_.model, *next.model, *next.store)
        .run(task, old_.facts->kind().batch(next.recipe),
             static_cast<uint64_t>(next.recipe.options<TrainOptions>("train").seed), options);
    SwapTrial trial;
    trial.what = what;
    trial.layers = layers;
    const std::map<std::string, std::string> types = types_of(*next.model);
    for (const std::string& layer : layers) trial.types.push_back(types.at(layer));
    trial.result = task.evaluate(Split::validation);
    trial.divergence = task.divergence_from(*old_.model, Split::validation);
    trial.multiplies = attention_multiplies(*next.model);
    trial.parameters = attention_parameter_count(*next.model);
    now_ = std::make_unique<TrainedModel>(std::move(next));
    return trial;
}

std::vector<SwapTrial> Sensitivity::run() {
    const std::map<std::string, std::string> before = types_of(*old_.model);
    const TrainedModel whole = model_with(settings_);
    std::vector<std::string> changed, places;
    std::map<std::string, std::vector<std::string>> by_place;
    for (const Attention* layer : attention_layers(*whole.model)) {
        if (layer->type() == before.at(layer->name())) continue;
        changed.push_back(layer->name());
        std::vector<std::string>& of_place = by_place[place_of_layer(layer->name())];
        if (of_place.empty()) places.push_back(place_of_layer(layer->name()));
        of_place.push_back(layer->name());
    }
    std::vector<SwapTrial> trials;
    for (const std::string& layer : changed) trials.push_back(try_layers(layer, {layer}));
    if (places.size() > 1) {
        for (const std::string& place : places) {
            if (by_place[place].size() > 1) trials.push_back(try_layers("all of " + place, by_place[place]));
        }
    }
    return trials;
}

double least_cost(const SwapTrial& before, const std::vector<SwapTrial>& trials) {
    int64_t left = before.multiplies;
    for (const SwapTrial& trial : trials) {
        if (trial.layers.size() == 1) left -= std::max<int64_t>(0, before.multiplies - trial.multiplies);
    }
    return static_cast<double>(left) / static_cast<double>(std::max<int64_t>(1, before.multiplies));
}

std::optional<std::vector<std::string>> layers_for_budget(const SwapTrial& before, const std::vector<SwapTrial>& trials,
                                                          double budget) {
    struct Option {
        const SwapTrial* trial;
        double saved;
    };
    std::vector<Option> options;
    for (const SwapTrial& trial : trials) {
        const auto saved = static_cast<double>(before.multiplies - trial.multiplies);
        if (trial.layers.size() == 1 && saved > 0.0) options.push_back({&trial, saved});
    }
    std::stable_sort(options.begin(), options.end(), [](const Option& a, const Option& b) {
        return a.trial->divergence * b.saved < b.trial->divergence * a.saved;
    });
    const auto all = static_cast<double>(before.multiplies);
    std::vector<std::string> layers;
    double cost = all;
    for (const Option& option : options) {
        if (cost <= budget * all) break;
        layers.push_back(option.trial->layers.front());
        cost -= option.saved;
    }
    if (cost > budget * all) return std::nullopt;
    return layers;
}

}  // namespace heed
