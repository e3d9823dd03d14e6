#include "heed/datasets/catalogue/partial_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/core/settings/number_text.h"

namespace heed {

namespace fs = std::filesystem;

namespace {

/// Three lines: address, validator, size. Anything else is as good as no file.
PartialFile::Source read_source(const fs::path& path) {
    std::ifstream file(path);
    PartialFile::Source source;
    std::string size;
    if (!std::getline(file, source.url) || !std::getline(file, source.validator) || !std::getline(file, size) ||
        !parse_int(size, source.size)) {
        return {};
    }
    return source;
}

}  // namespace

PartialFile::PartialFile(const fs::path& path)
    : path_(path), part_(path.string() + ".part"), source_path_(part_.string() + ".source") {
    source_ = read_source(source_path_);
    struct stat status;
    if (source_.url.empty() || lstat(part_.c_str(), &status) != 0) return;
    if (!S_ISREG(status.st_mode)) throw UserError("'" + part_.string() + "' is no regular file; remove it");
    size_ = status.st_size;
}

PartialFile::~PartialFile() {
    if (descriptor_ >= 0) close(descriptor_);
}

void PartialFile::fail(const std::string& what) const {
    throw Error(fmt::format("cannot {} '{}': {}", what, part_.string(), std::strerror(errno)));
}

void PartialFile::open() {
    if (descriptor_ >= 0) return;
    descriptor_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor_ < 0) fail("write");
}

void PartialFile::start(const Source& source) {
    std::error_code error;
    const fs::space_info space = fs::space(part_.parent_path().empty() ? "." : part_.parent_path(), error);
    const uintmax_t room = space.available + static_cast<uintmax_t>(size_);
    if (!error && source.size > 0 && static_cast<uintmax_t>(source.size) > room) {
        throw Error(
            fmt::format("the disk of '{}' has {} bytes left, the file has {}", part_.string(), room, source.size));
    }
    open();
    if (ftruncate(descriptor_, 0) != 0) fail("empty");
    size_ = 0;
    source_ = source;
    write_file_atomically(source_path_, fmt::format("{}\n{}\n{}\n", source.url, source.validator, source.size));
}

void PartialFile::append(const char* data, size_t bytes) {
    open();
    while (bytes > 0) {
        const ssize_t written = ::write(descriptor_, data, bytes);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("write");
        data += written;
        bytes -= static_cast<size_t>(written);
        size_ += written;
    }
}

void PartialFile::commit() {
    open();
    if (fsync(descriptor_) != 0 && errno != EINVAL) fail("write");
    const int descriptor = descriptor_;
    descriptor_ = -1;
    if (close(descriptor) != 0) fail("write");
    if (rename(part_.c_str(), path_.c_str()) != 0) fail("rename");
    unlink(source_path_.c_str());
}

void PartialFile::discard() {
    if (descriptor_ >= 0) close(descriptor_);
    descriptor_ = -1;
    unlink(part_.c_str());
    unlink(source_path_.c_str());
    size_ = 0;
    source_ = {};
}

}  // namespace heed
