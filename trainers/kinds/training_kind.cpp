#include "heed/trainers/kinds/training_kind.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/kinds/registry.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed {

std::vector<std::string> TrainingKind::settings_to_begin_with(const OtherModel& other, const Recipe& recipe) const {
    throw UserError(recipe.placed(fmt::format("data.name {} holds {}: {} cannot begin with {}, which {} is",
                                              recipe.section("data").choice(), name(), model_name(),
                                              other.facts.kind().model_name(), other.name)));
}

void TrainingKind::predict(SavedModel& saved, const PredictRequest&) const {
    check_serves("predict", saved.path);
}

void TrainingKind::translate(SavedModel& saved, const TranslateRequest&) const {
    check_serves("translate", saved.path);
}

void TrainingKind::generate(SavedModel& saved, const GenerateRequest&) const {
    check_serves("generate", saved.path);
}

void TrainingKind::score(SavedModel& saved, const ScoreRequest&) const {
    check_serves("score", saved.path);
}

void TrainingKind::explain(SavedModel& saved, const SampleRequest&, const TakeSample&) const {
    check_serves("explain", saved.path);
}

bool TrainingKind::serves(const std::string& command) const {
    const std::vector<std::string> commands = served_commands();
    return std::find(commands.begin(), commands.end(), command) != commands.end();
}

void TrainingKind::check_serves(const std::string& command, const std::string& model) const {
    if (serves(command)) return;
    std::vector<std::string> able, own;
    for (const TrainingKind* kind : training_kinds()) {
        if (kind->serves(command)) able.emplace_back(kind->model_name());
    }
    for (const std::string& name : served_commands()) own.push_back("heed " + name);
    throw UserError(fmt::format("heed {} expects {}, but {} is {}, which answers {}", command, listed(able, " or "),
                                model, model_name(), listed(own)));
}

std::string TrainingKind::step_text(const Recipe& recipe) const {
    return fmt::format("{}{} {}", batch_is_limit() ? "at most " : "",
                       batch(recipe) * recipe.options<TrainOptions>("train").accumulate, unit());
}

}  // namespace heed
