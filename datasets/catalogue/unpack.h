#pragma once

#include <cstdint>
#include <filesystem>

namespace heed {

/// What an archive may hold at most, against archives that are made to fill a disk.
struct UnpackLimits {
    int64_t bytes = int64_t{8} << 30;  ///< of all files together
    int64_t entries = 1'000'000;
};

/// Unpacks a .tar.gz, .tar.xz or .zip into `folder`, which must be empty or not exist. Only files and folders that lie
/// in it are taken: an entry with an absolute path or `..`, a link, a device, a name that comes twice or more than the
/// limits is a UserError that names it, and so is an archive that is damaged or cut short; what was unpacked until then
/// stays.
void unpack(const std::filesystem::path& archive, const std::filesystem::path& folder, const UnpackLimits& limits = {});

}  // namespace heed
