#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "heed/datasets/catalogue/checksum.h"

namespace heed {

/// A file that is published for download.
struct CatalogueFile {
    std::string name;
    std::vector<std::string> urls;  ///< the official address first, then mirrors
    int64_t size = 0;               ///< bytes; 0 where nobody states it
    Checksum checksum;
};

/// A data set that `heed data get` knows. Its files are kept as they are in `folder`, except where the only file is an
/// archive: that is unpacked and has `folder` at its top.
struct CatalogueEntry {
    std::string name = "";  ///< as data.name has it, where a recipe can train on it
    std::string summary = "";
    std::string licence = "";
    std::string citation = "";
    std::string homepage = "";
    std::string checksum_source = "";      ///< who publishes sizes and checksums
    std::string folder = "";               ///< in the folder that holds all data sets
    std::vector<std::string> probes = {};  ///< a folder that holds one of these holds the data set
    std::string use = "";                  ///< how a recipe names it, or that none can yet
    std::vector<CatalogueFile> files = {};

    bool is_archive() const;
    /// The data.name of a recipe for it; empty where there is none.
    std::string recipe_name() const;
    /// Bytes to transfer; 0 where not every size is known.
    int64_t transfer_size() const;
};

/// Whether a file of that name is unpacked (.tar.gz, .tgz, .tar.xz, .zip).
bool is_archive_name(std::string_view name);

/// All data sets that can be got, in the order in which they are shown.
const std::vector<CatalogueEntry>& catalogue();

/// The entry of that name, or null.
const CatalogueEntry* find_in_catalogue(std::string_view name);

/// The entry of that name; UserError with the nearest name where there is none.
const CatalogueEntry& catalogue_entry(std::string_view name);

}  // namespace heed
