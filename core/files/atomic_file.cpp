#include "heed/core/files/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <set>

#include "heed/core/error.h"
#include "heed/core/files/system_error.h"

namespace heed {
namespace {

constexpr std::string_view temporary_prefix = ".";
constexpr std::string_view temporary_suffix = ".heed-tmp";

std::string folder_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string temporary_path_for(const std::string& path) {
    static std::atomic<unsigned> counter{0};
    const size_t name_at = path.rfind('/') + 1;  // npos + 1 is 0
    return path.substr(0, name_at) + std::string(temporary_prefix) + path.substr(name_at) + "." +
           std::to_string(getpid()) + "-" + std::to_string(counter++) + std::string(temporary_suffix);
}

/// The temporaries that are there now. Never destroyed: another thread may end the process at any time.
struct TemporaryFiles {
    std::mutex mutex;
    std::set<std::string> paths;
};

TemporaryFiles& temporary_files() {
    static TemporaryFiles& files = *new TemporaryFiles;
    return files;
}

void forget_temporary(const std::string& path) {
    TemporaryFiles& files = temporary_files();
    const std::lock_guard lock(files.mutex);
    files.paths.erase(path);
}

std::string cannot_write(const std::string& path, const std::string& reason) {
    return "cannot write " + path + ": " + reason;
}

/// Without this a rename could be lost with the power, though the file's own bytes are safe.
int sync_folder(const std::string& folder) {
    const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    int error = fsync(descriptor) == 0 ? 0 : errno;
    if (error == EINVAL) error = 0;  // a file system whose folders need no syncing
    close(descriptor);
    return error;
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path) : path_(path) {
    // Renaming over a device such as /dev/null would replace it.
    struct stat status;
    if (lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) {
        throw UserError(cannot_write(path, S_ISDIR(status.st_mode) ? "it is a folder" : "it is not a regular file"));
    }
    int error = 0;
    do {  // a name may be taken by what an earlier process with the same id left behind
        temporary_path_ = temporary_path_for(path);
        error = create_temporary();
    } while (error == EEXIST);
    if (error != 0) throw_system_error("cannot write " + path, error);
}

int AtomicFile::create_temporary() {
    TemporaryFiles& files = temporary_files();
    const std::lock_guard lock(files.mutex);
    const auto known = files.paths.insert(temporary_path_).first;
    descriptor_ = open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ >= 0) return 0;
    const int error = errno;
    files.paths.erase(known);
    return error;
}

AtomicFile::~AtomicFile() {
    discard();
}

void AtomicFile::write(const void* data, size_t bytes) {
    if (descriptor_ < 0) throw Error(cannot_write(path_, "the file is already complete"));
    constexpr size_t most_at_once = size_t{1} << 30;  // one call writes at most 2 GiB
    const char* next = static_cast<const char*>(data);
    while (bytes > 0) {
        const ssize_t written = ::write(descriptor_, next, std::min(bytes, most_at_once));
        if (written < 0) {
            if (errno == EINTR) continue;
            fail(errno);
        }
        next += written;
        bytes -= static_cast<size_t>(written);
    }
}

void AtomicFile::commit() {
    if (descriptor_ < 0) throw Error(cannot_write(path_, "the file is already complete"));
    if (fsync(descriptor_) != 0) fail(errno);
    const int descriptor = descriptor_;
    descriptor_ = -1;
    if (close(descriptor) != 0) fail(errno);  // some file systems report a full disk only here
    if (std::rename(temporary_path_.c_str(), path_.c_str()) != 0) fail(errno);
    forget_temporary(temporary_path_);
    temporary_path_.clear();
    if (const int error = sync_folder(folder_of(path_)); error != 0) fail(error);
}

void AtomicFile::fail(int error) {
    discard();
    throw Error(cannot_write(path_, std::strerror(error)));
}

void AtomicFile::discard() noexcept {
    if (descriptor_ >= 0) close(descriptor_);
    descriptor_ = -1;
    if (temporary_path_.empty()) return;
    unlink(temporary_path_.c_str());
    forget_temporary(temporary_path_);
    temporary_path_.clear();
}

void write_file_atomically(const std::string& path, std::string_view contents) {
    AtomicFile file(path);
    file.write(contents);
    file.commit();
}

void check_writable(const std::string& path) {
    const AtomicFile probe(path);
}

void remove_unfinished_files() {
    TemporaryFiles& files = temporary_files();
    const std::lock_guard lock(files.mutex);
    for (const std::string& path : files.paths) unlink(path.c_str());
}

bool is_temporary_file_name(std::string_view name) {
    return name.size() > temporary_prefix.size() + temporary_suffix.size() && name.starts_with(temporary_prefix) &&
           name.ends_with(temporary_suffix);
}

}  // namespace heed
