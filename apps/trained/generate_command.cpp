#include "heed/apps/commands.h"
#include "heed/apps/support/asked_model.h"

namespace heed {

int run(const GenerateCommand& command) {
    SavedModel saved = load_asked_model("generate", command.target, command.overrides);
    saved.trained.facts->kind().generate(saved, command.request);
    return 0;
}

}  // namespace heed
