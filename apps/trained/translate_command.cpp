#include "heed/apps/commands.h"
#include "heed/apps/support/asked_model.h"

namespace heed {

int run(const TranslateCommand& command) {
    const TranslateRequest& request = command.request;
    if (!request.attention.empty()) check_output(request.attention, command.target, request.files);
    SavedModel saved = load_asked_model("translate", command.target, command.overrides);
    saved.trained.facts->kind().translate(saved, command.request);
    return 0;
}

}  // namespace heed
