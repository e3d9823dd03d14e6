#pragma once

#include <string>

namespace heed {

/// "model.dim" of the setting "model.dim=64".
inline std::string setting_key(const std::string& setting) {
    return setting.substr(0, setting.find('='));
}

}  // namespace heed
