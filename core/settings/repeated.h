#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace heed {

/// The first of the values that another one before it equals, or null.
inline const std::string* first_repeated(const std::vector<std::string>& values) {
    for (auto value = values.begin(); value != values.end(); ++value) {
        if (std::find(values.begin(), value, *value) != value) return &*value;
    }
    return nullptr;
}

}  // namespace heed
