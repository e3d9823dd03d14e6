#include "heed/apps/commands.h"
#include "heed/apps/support/asked_model.h"

namespace heed {

int run(const PredictCommand& command) {
    const PredictRequest& request = command.request;
    if (!request.dump.empty()) check_output(request.dump[1], command.target, request.files);
    SavedModel saved = load_asked_model("predict", command.target, command.overrides);
    saved.trained.facts->kind().predict(saved, command.request);
    return 0;
}

}  // namespace heed
