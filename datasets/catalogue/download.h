#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "heed/datasets/catalogue/catalogue.h"
#include "heed/datasets/catalogue/http_transfer.h"

namespace heed {

/// Hears how a download goes; either may be empty.
struct DownloadObserver {
    std::function<void(const std::string& line)> message;        ///< something worth a line of its own
    std::function<void(int64_t bytes, int64_t total)> progress;  ///< so far, and in all (-1: unknown)
};

/// A file that has been fetched.
struct Downloaded {
    std::string url;
    int64_t size = 0;
    Checksum sha256;        ///< of its bytes
    bool verified = false;  ///< it has the published checksum
};

/// Fetches `file` to `path`, in whose folder it appears whole or not at all. Until then its bytes are in `path`.part
/// (and what the server said of it in `path`.part.source): a later call goes on there, provided that the server still
/// has the same file. The addresses are tried in order, each again as long as a broken transfer made headway.
///
/// Error where no address gives the file: with the reason of each, expected and found size or checksum. What has the
/// wrong size or checksum is removed.
Downloaded download(const CatalogueFile& file, const std::filesystem::path& path, const TransferLimits& limits,
                    const DownloadObserver& observer);

}  // namespace heed
