#include <fmt/core.h>

#include "heed/apps/commands.h"
#include "heed/trainers/report/run_report.h"

namespace heed {

int run(const ReportCommand& command) {
    const ReportInput page = write_report_of_run(command.target, command.overrides);
    if (!page.end.empty()) fmt::print("{}\n", page.end);
    for (const std::string& sentence : page.left_out) fmt::print("{}\n", sentence);
    fmt::print("report: {}\n", page.paths.report());
    return 0;
}

}  // namespace heed
