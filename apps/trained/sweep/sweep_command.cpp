#include <fmt/core.h>

#include "heed/apps/commands.h"
#include "heed/apps/support/asked_model.h"
#include "heed/apps/trained/sweep/sweep_output.h"
#include "heed/apps/trained/sweep/sweep_table.h"
#include "heed/core/files/atomic_file.h"
#include "heed/trainers/kinds/command_settings.h"

namespace heed {

int run(const SweepCommand& command) {
    const bool of_setting = !command.over.empty();
    check_command_settings(kind_of_model(command.target), of_setting ? "eval" : "sweep", command.overrides);
    if (!command.page.empty()) check_output(command.page, command.target, {});
    const SweepTable table = of_setting ? sweep_setting(command) : sweep_scores(command);
    if (command.json) {
        print_sweep_json(table, command.split);
    } else {
        print_sweep(table);
    }
    if (!command.page.empty()) write_file_atomically(command.page, sweep_page(table));
    return 0;
}

}  // namespace heed
