#pragma once

#include <cstdint>
#include <string>

#include "heed/datasets/catalogue/download.h"

namespace heed {

/// Shows on standard error how a download goes: on a terminal one line that is redrawn, elsewhere a plain line every
/// ten seconds; messages stay.
class TransferProgress {
public:
    TransferProgress();
    /// Removes the line.
    ~TransferProgress();
    TransferProgress(const TransferProgress&) = delete;
    TransferProgress& operator=(const TransferProgress&) = delete;

    DownloadObserver observer();

private:
    void message(const std::string& line);
    void progress(int64_t bytes, int64_t total);
    void remove_line();

    bool interactive_;
    bool visible_ = false;
    double shown_ = 0;         // when the last line was
    double begin_ = 0;         // of this file
    int64_t first_bytes_ = 0;  // that were there when it began
    int64_t bytes_ = -1;
};

/// "26.4 MB": a size in decimal units, as download pages state it.
std::string size_text(int64_t bytes);

}  // namespace heed
