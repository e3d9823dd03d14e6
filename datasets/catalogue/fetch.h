#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "heed/datasets/catalogue/catalogue.h"
#include "heed/datasets/catalogue/download.h"
#include "heed/datasets/catalogue/unpack.h"

namespace heed {

struct FetchOptions {
    std::filesystem::path to = "data";  ///< the folder of all data sets
    std::string mirror;                 ///< asked instead of the catalogue's addresses, for MIRROR/NAME/FILE
    TransferLimits transfer;
    UnpackLimits unpack;
};

/// A data set that has been got.
struct Fetched {
    std::filesystem::path folder;
    bool was_there = false;          ///< nothing had to be done
    bool verified = true;            ///< everything had the published checksum
    std::vector<std::string> files;  ///< a line for each file that was fetched: size, where from, checksum
};

/// Gets a data set into `options.to`/`entry.folder`. Files that are already there and right are kept; an archive is
/// unpacked into a temporary folder that is renamed when it is complete, with a list of checksums of its files. Calls
/// for the same `to` wait for each other.
///
/// UserError where something else is in the way; Error where the files cannot be fetched or written.
Fetched fetch(const CatalogueEntry& entry, const FetchOptions& options, const DownloadObserver& observer);

}  // namespace heed
