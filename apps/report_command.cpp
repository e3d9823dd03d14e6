#include <fmt/core.h>

#include <algorithm>

#include "heed/apps/commands.h"
#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/report/run_report.h"

namespace heed {
namespace {

void check_report_settings(const std::vector<std::string>& settings) {
    const std::vector<std::string> allowed = {"data.root", "data.batch", "threads", "device"};
    for (const std::string& setting : settings) {
        const std::string key = setting.substr(0, setting.find('='));
        if (std::find(allowed.begin(), allowed.end(), key) != allowed.end()) continue;
        throw UserError("heed report shows a run as it was trained and takes no other settings than " +
                        listed(allowed) + ", got " + quote(key) + did_you_mean(key, allowed));
    }
}

}  // namespace

int run(const ReportCommand& command) {
    check_report_settings(command.overrides);
    const ReportInput page = write_report_of_run(command.target, command.overrides);
    if (!page.end.empty()) fmt::print("{}\n", page.end);
    for (const std::string& sentence : page.left_out) fmt::print("{}\n", sentence);
    fmt::print("report: {}\n", page.paths.report());
    return 0;
}

}  // namespace heed
