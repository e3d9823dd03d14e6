#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "heed/datasets/catalogue/checksum.h"

namespace heed {

/// Name of the file in which a data set that was got keeps the checksums of its files, as `sha256sum -c` reads them.
inline constexpr const char* checksum_list_name = "SHA256SUMS";

struct ListedChecksum {
    std::string file;  ///< relative to the folder
    Checksum checksum;
};

/// Writes the list of all files of the folder (except itself), by name; `origin` are lines that say where they are
/// from.
void write_checksum_list(const std::filesystem::path& folder, const std::vector<std::string>& origin);

/// The list of the folder. UserError with file and line where there is none or it is damaged.
std::vector<ListedChecksum> read_checksum_list(const std::filesystem::path& folder);

/// Paths of all files in the folder and its subfolders, relative to it, by name. Links are not followed.
std::vector<std::string> files_of(const std::filesystem::path& folder);

}  // namespace heed
