#include "heed/trainers/comparison/grid.h"

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/settings/quote.h"

namespace heed {

namespace {

/// "a=1" and "a=2" of "a=1,2".
std::vector<std::string> settings_of_grid(const std::string& grid) {
    const size_t begin = grid.find('=') + 1;
    std::vector<std::string> settings;
    for (size_t at = begin; at <= grid.size();) {
        const size_t end = std::min(grid.find(',', at), grid.size());
        const std::string setting = grid.substr(0, begin) + grid.substr(at, end - at);
        if (end == at || std::find(settings.begin(), settings.end(), setting) != settings.end()) {
            throw UserError("--grid expects different values with commas between them, got " + quote(grid));
        }
        settings.push_back(setting);
        at = end + 1;
    }
    return settings;
}

}  // namespace

std::vector<std::vector<std::string>> grid_points(const std::vector<std::string>& grid) {
    std::vector<std::vector<std::string>> points = {{}};
    for (const std::string& line : grid) {
        std::vector<std::vector<std::string>> longer;
        for (const auto& point : points) {
            for (const std::string& setting : settings_of_grid(line)) {
                longer.push_back(point);
                longer.back().push_back(setting);
            }
        }
        points = std::move(longer);
    }
    return points;
}

}  // namespace heed
