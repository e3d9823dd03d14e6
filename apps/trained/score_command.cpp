#include "heed/apps/commands.h"
#include "heed/apps/support/asked_model.h"

namespace heed {

int run(const ScoreCommand& command) {
    SavedModel saved = load_asked_model("score", command.target, command.overrides);
    check_has_classes("score", saved);
    saved.trained.facts->kind().score(saved, command.request);
    return 0;
}

}  // namespace heed
