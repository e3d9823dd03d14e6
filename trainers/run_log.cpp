#include "heed/trainers/run_log.h"

#include <cstdio>

#include "heed/core/error.h"

namespace heed {

void RunLog::open(const std::string& path) {
    file_.open(path, std::ios::app);
    if (!file_) throw UserError("cannot write " + path);
}

void RunLog::line(const std::string& text) {
    std::fprintf(stderr, "%s\n", text.c_str());
    if (file_.is_open()) file_ << text << std::endl;
}

}  // namespace heed
