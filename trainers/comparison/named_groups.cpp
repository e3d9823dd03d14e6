#include "heed/trainers/comparison/named_groups.h"

#include <algorithm>

namespace heed {

std::vector<std::string> named_groups(const std::vector<RecipeLevel>& levels, const std::string& section) {
    const std::string prefix = section + ".";
    std::vector<std::string> names;
    for (const RecipeLevel& level : levels) {
        for (const GivenValue& given : level) {
            const bool is_group = given.kind == YamlEntry::Kind::mapping && given.key.starts_with(prefix) &&
                                  given.key.find('.', prefix.size()) == std::string::npos;
            if (is_group && std::find(names.begin(), names.end(), given.key) == names.end()) names.push_back(given.key);
        }
    }
    return names;
}

}  // namespace heed
