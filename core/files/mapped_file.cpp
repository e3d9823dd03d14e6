#include "heed/core/files/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/files/system_error.h"

namespace heed {

MappedFile::MappedFile(const std::string& path) {
    // O_NONBLOCK: opening a named pipe must not wait for its other end.
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) throw_system_error("cannot read " + path, errno);
    int error = 0;
    std::string reason;
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        error = errno;
    } else if (!S_ISREG(status.st_mode)) {
        reason = S_ISDIR(status.st_mode) ? "it is a folder" : "it is not a regular file";
    } else if (status.st_size > 0) {
        size_ = static_cast<size_t>(status.st_size);
        void* const mapped = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (mapped == MAP_FAILED) {
            error = errno;
        } else {
            data_ = static_cast<const std::byte*>(mapped);
        }
    }
    close(descriptor);
    if (error != 0) throw_system_error("cannot read " + path, error);
    if (!reason.empty()) throw UserError("cannot read " + path + ": " + reason);
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

}  // namespace heed
