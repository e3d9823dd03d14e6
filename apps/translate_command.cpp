#include "heed/apps/commands.h"
#include "heed/trainers/kinds/training_kind.h"

namespace heed {

int run(const TranslateCommand& command) {
    SavedModel saved = load_saved_model(command.target, {});
    saved.trained.facts->kind().translate(saved, command.request);
    return 0;
}

}  // namespace heed
