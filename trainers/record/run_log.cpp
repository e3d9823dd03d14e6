#include "heed/trainers/record/run_log.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>

#include "heed/core/error.h"
#include "heed/core/files/system_error.h"
#include "heed/core/settings/quote.h"

namespace heed {

void RunLog::open(const std::string& path) {
    if (!speaks_) return;
    path_ = path;
    file_.open(path, std::ios::app);
    if (!file_) throw_system_error("cannot write " + path, errno);
}

void RunLog::line(const std::string& unchecked) {
    if (!speaks_) return;
    const std::string text = printable_lines(unchecked);
    if (progress_) {
        progress_->message(text);
    } else {
        std::fprintf(stderr, "%s\n", text.c_str());
    }
    to_file(text);
}

void RunLog::step(int64_t step, int64_t epoch, double loss, int64_t items, double seconds) {
    if (progress_) progress_->step(step, epoch, loss, items, seconds);
}

void RunLog::pause(const std::string& activity) {
    if (progress_) progress_->pause(activity);
}

void RunLog::end_epoch(const std::string& metrics) {
    if (progress_) to_file(progress_->end_epoch(metrics));
}

void RunLog::to_file(const std::string& text) {
    if (!file_.is_open()) return;
    errno = 0;
    file_ << printable_lines(text) << std::endl;
    if (!file_) throw Error("cannot write " + path_ + ": " + std::strerror(errno));
}

void RunLog::failure(const std::string& text) noexcept {
    file_.clear();
    try {
        to_file(text);
    } catch (const std::exception&) {
    }
}

}  // namespace heed
