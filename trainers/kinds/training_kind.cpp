#include "heed/trainers/kinds/training_kind.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/kinds/registry.h"

namespace heed {

void TrainingKind::predict(SavedModel& saved, const PredictRequest&) const {
    refuse("predict", saved);
}

void TrainingKind::translate(SavedModel& saved, const TranslateRequest&) const {
    refuse("translate", saved);
}

void TrainingKind::score(SavedModel& saved, const ScoreRequest&) const {
    refuse("score", saved);
}

void TrainingKind::refuse(const char* command, const SavedModel& saved) const {
    std::vector<std::string> able, own;
    for (const TrainingKind* kind : training_kinds()) {
        const std::vector<std::string> commands = kind->served_commands();
        if (std::find(commands.begin(), commands.end(), command) != commands.end())
            able.emplace_back(kind->model_name());
    }
    for (const std::string& name : served_commands()) own.push_back("heed " + name);
    throw UserError(fmt::format("heed {} expects {}, but {} is {}, which answers {}", command, listed(able, " or "),
                                saved.path, model_name(), listed(own)));
}

}  // namespace heed
