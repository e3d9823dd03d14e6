#include "heed/apps/comparison/comparison_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "heed/core/error.h"
#include "heed/core/files/system_error.h"

namespace heed {

ComparisonLock::ComparisonLock(const std::string& folder) {
    namespace fs = std::filesystem;
    const std::string file = folder + "/.comparison-lock", cannot = "cannot use the folder " + folder;
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw_system_error(cannot, error.value());
    if (!fs::exists(file, error) && !fs::is_empty(folder, error)) {
        throw UserError(cannot + ": it holds files but no comparison; choose another by --dir");
    }
    lock_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock_ < 0) throw_system_error(cannot, errno);
    while (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        const int reason = errno;
        close(lock_);
        if (reason == EWOULDBLOCK) throw UserError(cannot + ": another comparison is using it");
        throw_system_error(cannot, reason);
    }
}

ComparisonLock::~ComparisonLock() {
    close(lock_);
}

}  // namespace heed
