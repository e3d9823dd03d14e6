#pragma once

#include <string>
#include <vector>

namespace heed::test {

/// An entry of an archive that a test makes, good or evil.
struct ArchiveEntry {
    std::string name;
    std::string content = "";
    char type = '0';        ///< as in tar: 0 file, 1 hard link, 2 symbolic link, 3 character device, 5 folder
    std::string link = "";  ///< where a link leads
};

/// A tar archive of these entries.
std::string tar(const std::vector<ArchiveEntry>& entries);

/// The text as a gzip file.
std::string gzip(const std::string& text);

/// A zip archive of these files and folders (names that end in a slash), stored without compression.
std::string zip(const std::vector<ArchiveEntry>& entries);

}  // namespace heed::test
