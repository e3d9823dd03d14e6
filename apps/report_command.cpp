#include <fmt/core.h>

#include "heed/apps/commands.h"
#include "heed/apps/support/allowed_settings.h"
#include "heed/trainers/report/run_report.h"

namespace heed {

int run(const ReportCommand& command) {
    check_allowed_settings(command.overrides, {"data.root", "data.batch", "threads", "device"},
                           "heed report shows a run as it was trained");
    const ReportInput page = write_report_of_run(command.target, command.overrides);
    if (!page.end.empty()) fmt::print("{}\n", page.end);
    for (const std::string& sentence : page.left_out) fmt::print("{}\n", sentence);
    fmt::print("report: {}\n", page.paths.report());
    return 0;
}

}  // namespace heed
