#include "heed/apps/support/allowed_settings.h"

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"

namespace heed {

void check_allowed_settings(const std::vector<std::string>& settings, const std::vector<std::string>& allowed,
                            const std::string& sentence) {
    for (const std::string& setting : settings) {
        const std::string key = setting.substr(0, setting.find('='));
        const bool fits = std::any_of(allowed.begin(), allowed.end(), [&](const std::string& name) {
            return key == name || (name.ends_with('*') && key.starts_with(name.substr(0, name.size() - 1)));
        });
        if (fits) continue;
        throw UserError(sentence + " and takes no other settings than " + listed(allowed) + ", got " + quote(key) +
                        did_you_mean(key, allowed));
    }
}

}  // namespace heed
