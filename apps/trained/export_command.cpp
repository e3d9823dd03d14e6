#include <fmt/core.h>

#include "heed/apps/commands.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/hugging_face/export_model.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

int run(const ExportCommand& command) {
    // Wherever it was trained: weights are copied.
    const SavedModel saved = load_saved_model(command.target, {"device=cpu", "precision=f32"});
    const ExportReport report = export_model(saved.trained, command.folder, command.without_head);
    fmt::print("{} into {}: {} tensors\n", report.architecture, printable(command.folder), report.tensors);
    fmt::print("files       {}\n", printable(listed(report.files)));
    if (!report.left_out.empty()) fmt::print("left out    {}\n", printable(listed(report.left_out)));
    return 0;
}

}  // namespace heed
