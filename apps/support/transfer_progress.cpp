#include "heed/apps/support/transfer_progress.h"

#include <fmt/core.h>

#include <cstdio>

#include "heed/core/settings/quote.h"
#include "heed/trainers/record/progress.h"
#include "heed/trainers/record/terminal.h"

namespace heed {

std::string size_text(int64_t bytes) {
    const auto value = static_cast<double>(bytes);
    if (bytes < 1000) return fmt::format("{} bytes", bytes);
    // Where the rounded number would be 1000 the next unit is shown.
    if (bytes < 999'950) return fmt::format("{:.1f} kB", value / 1e3);
    if (bytes < 999'950'000) return fmt::format("{:.1f} MB", value / 1e6);
    return fmt::format("{:.2f} GB", value / 1e9);
}

TransferProgress::TransferProgress() : interactive_(is_interactive(2)) {}

TransferProgress::~TransferProgress() {
    remove_line();
}

DownloadObserver TransferProgress::observer() {
    return {[this](const std::string& line) { message(line); },
            [this](int64_t bytes, int64_t total) { progress(bytes, total); }};
}

void TransferProgress::message(const std::string& line) {
    remove_line();
    fmt::print(stderr, "{}\n", printable(line));
    bytes_ = -1;
}

void TransferProgress::progress(int64_t bytes, int64_t total) {
    const double now = monotonic_seconds();
    if (bytes_ < 0) {
        begin_ = shown_ = now;
        first_bytes_ = bytes;
    }
    bytes_ = bytes;
    if (now - shown_ < (interactive_ ? 0.1 : 10.0)) return;
    shown_ = now;
    const double rate = static_cast<double>(bytes - first_bytes_) / (now - begin_);
    std::string line = size_text(bytes);
    if (total > 0) {
        const double share = static_cast<double>(bytes) / static_cast<double>(total);
        line += fmt::format(" of {}, {:.0f} %", size_text(total), 100 * share);
    }
    line += fmt::format(", {}/s", size_text(static_cast<int64_t>(rate)));
    if (total > 0 && rate > 0) line += fmt::format(", {:.0f} s left", static_cast<double>(total - bytes) / rate);
    if (interactive_) {
        fmt::print(stderr, "\r\033[K{}", line.substr(0, static_cast<size_t>(terminal_width(2) - 1)));
        std::fflush(stderr);
        visible_ = true;
    } else {
        fmt::print(stderr, "{}\n", printable(line));
    }
}

void TransferProgress::remove_line() {
    if (!visible_) return;
    fmt::print(stderr, "\r\033[K");
    std::fflush(stderr);
    visible_ = false;
}

}  // namespace heed
