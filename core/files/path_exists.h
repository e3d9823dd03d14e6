#pragma once

#include <filesystem>
#include <system_error>

namespace heed {

/// Whether there is something at a path; false also where that cannot be told.
inline bool path_exists(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

}  // namespace heed
