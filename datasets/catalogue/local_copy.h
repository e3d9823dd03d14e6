#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "heed/datasets/catalogue/catalogue.h"

namespace heed {

/// Where a data set lies on this machine, by the places that `data_places` names; an empty path where it does not.
/// `name` is one of the catalogue or of the registry.
std::filesystem::path find_local_copy(const std::string& name);

/// Names of the data sets (of catalogue and registry) that a folder may hold, judging by its files; those whose folder
/// bears this one's name come first.
std::vector<std::string> data_sets_in(const std::filesystem::path& folder);

/// Bytes and number of the files in a folder and its subfolders.
struct FolderSize {
    int64_t files = 0;
    int64_t bytes = 0;
};
FolderSize folder_size(const std::filesystem::path& folder);

/// How the files of a folder compare with the checksums that are known for them.
struct Verification {
    std::string against;                ///< what they were compared with; empty where nothing is known
    int64_t checked = 0;                ///< files that were compared
    std::vector<std::string> problems;  ///< a line for each that is missing or differs, with expected and found
};

/// Compares with the published checksums of `entry` (may be null) where its files are kept as published, or else with
/// the list that `heed data get` left in the folder.
Verification verify_local_copy(const CatalogueEntry* entry, const std::filesystem::path& folder);

}  // namespace heed
