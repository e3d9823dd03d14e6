#include "heed/trainers/answers/scored_lines.h"

#include <fmt/format.h>

namespace heed {

SplitLine split_at_tab(const InputLine& line, const char* expected) {
    const size_t tab = line.text.find('\t');
    if (tab == std::string::npos || line.text.find('\t', tab + 1) != std::string::npos) {
        throw UserError(fmt::format("{}: expected {}, separated by one tab, got {} tabs", line.place, expected,
                                    tab == std::string::npos ? "no" : "more"));
    }
    return {line.text.substr(0, tab), line.text.substr(tab + 1), line.place};
}

}  // namespace heed
