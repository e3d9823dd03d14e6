#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace heed {

/// A file read out of an archive.
struct ArchiveFile {
    std::string name;  ///< with its folders, without "./"
    std::string content;
};

/// The files of a tar, tar.gz, tar.xz or zip archive whose name `wanted` takes, sorted by name (bytes), so that nothing
/// depends on the order in the archive. UserError where it is missing, damaged, cut short, holds a name twice, or more
/// than `limit` bytes of such files.
std::vector<ArchiveFile> read_archive(const std::filesystem::path& archive,
                                      const std::function<bool(std::string_view)>& wanted,
                                      int64_t limit = int64_t{4} << 30);

}  // namespace heed
