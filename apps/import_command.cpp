#include <fmt/core.h>

#include "heed/apps/commands.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/hugging_face/import_model.h"

namespace heed {

int run(const ImportCommand& command) {
    const ImportReport report = import_model(command.folder, command.to);
    fmt::print("{} from {}: {} tensors, {} parameters\n", printable(report.architecture), printable(command.folder),
               report.tensors, report.parameters);
    for (const auto& [name, text] : report.information) fmt::print("{:<12}{}\n", name, printable(text));
    for (const auto& [reason, names] : report.unused) {
        fmt::print("not needed  {} ({})\n", printable(listed(names)), reason);
    }
    if (report.lacks_head) fmt::print("head        none: training gives the model a new one\n");
    fmt::print("{} holds the model; heed train {} data.name=... fine-tunes it\n", printable(report.folder),
               printable(report.recipe));
    return 0;
}

}  // namespace heed
