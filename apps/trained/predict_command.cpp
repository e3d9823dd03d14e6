#include "heed/apps/commands.h"
#include "heed/apps/support/asked_model.h"

namespace heed {

int run(const PredictCommand& command) {
    const PredictRequest& request = command.request;
    if (!request.dump.empty()) check_output(request.dump[1], command.target, request.files);
    SavedModel saved = load_asked_model("predict", command.target, command.overrides);
    if (request.embedding.empty()) check_has_classes("predict", saved);
    saved.trained.facts->kind().predict(saved, command.request);
    return 0;
}

}  // namespace heed
