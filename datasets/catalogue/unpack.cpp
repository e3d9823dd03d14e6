#include "heed/datasets/catalogue/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "heed/core/error.h"
#include "heed/core/files/system_error.h"
#include "heed/core/settings/quote.h"

namespace heed {

namespace fs = std::filesystem;

namespace {

struct FreeArchive {
    void operator()(archive* handle) const { archive_read_free(handle); }
};

class Unpacking {
public:
    Unpacking(const fs::path& archive_path, const fs::path& folder, const UnpackLimits& limits)
        : path_(archive_path), folder_(folder), limits_(limits), handle_(archive_read_new()), buffer_(size_t{1} << 18) {
        if (handle_ == nullptr) throw Error("libarchive cannot be used");
        // Named one by one: "all" would start programs of the system for rare kinds of compression.
        archive_read_support_filter_gzip(handle_.get());
        archive_read_support_filter_xz(handle_.get());
        archive_read_support_format_tar(handle_.get());
        archive_read_support_format_zip(handle_.get());
        if (archive_read_open_filename(handle_.get(), path_.c_str(), buffer_.size()) != ARCHIVE_OK) damaged();
    }

    void run() {
        fs::create_directories(folder_);
        archive_entry* entry = nullptr;
        for (;;) {
            const int code = archive_read_next_header(handle_.get(), &entry);
            if (code == ARCHIVE_EOF) break;
            if (code != ARCHIVE_OK && code != ARCHIVE_WARN) damaged();
            if (++entries_ > limits_.entries) {
                throw UserError(
                    fmt::format("the archive '{}' holds more than {} entries", path_.string(), limits_.entries));
            }
            unpack(entry);
        }
        if (entries_ == 0) throw UserError(fmt::format("the archive '{}' is empty", path_.string()));
    }

private:
    [[noreturn]] void damaged() const {
        const char* reason = archive_error_string(handle_.get());
        throw UserError(fmt::format("the archive '{}' is damaged or cut short: {}", path_.string(),
                                    reason != nullptr ? reason : "it cannot be read"));
    }

    [[noreturn]] void refuse(const std::string& name, const std::string& why) const {
        throw UserError(
            fmt::format("the archive '{}' is not unpacked: its entry {} {}", path_.string(), quote(name), why));
    }

    [[noreturn]] void cannot_write(const std::string& name, const fs::path& path, int error) const {
        if (error == ENAMETOOLONG || error == EILSEQ || error == EINVAL) {  // what the file system has no name for
            refuse(name, "has a name that cannot be used here: " + std::generic_category().message(error));
        }
        throw_system_error(fmt::format("cannot write '{}'", path.string()), error);
    }

    void unpack(archive_entry* entry) {
        const char* text = archive_entry_pathname(entry);
        if (text == nullptr) text = archive_entry_pathname_utf8(entry);  // a locale without this letter
        const std::string name = text != nullptr ? text : "";
        const fs::path path = place_of(name);
        if (archive_entry_hardlink(entry) != nullptr || archive_entry_symlink(entry) != nullptr) {
            refuse(name, "is a link");
        }
        const auto type = archive_entry_filetype(entry);
        if (type == AE_IFDIR) {
            make_folders(name, path);
        } else if (type == AE_IFREG) {
            make_folders(name, path.parent_path());
            write_file(name, path);
        } else {
            refuse(name, "is neither a file nor a folder");
        }
    }

    fs::path place_of(const std::string& name) const {
        if (name.empty()) refuse(name, "has no name");
        const fs::path path(name);
        if (path.is_absolute()) refuse(name, "has an absolute path");
        for (const fs::path& part : path) {
            if (part == "..") refuse(name, "leads out of the folder");
        }
        return folder_ / path.lexically_normal();
    }

    /// No link is ever made, so nothing on the way leads out of the folder.
    void make_folders(const std::string& name, const fs::path& path) const {
        std::error_code error;
        fs::create_directories(path, error);
        if (!error && fs::is_directory(path, error)) return;
        if (!error || error == std::errc::not_a_directory || error == std::errc::file_exists) {
            refuse(name, "needs a folder where there is a file");
        }
        cannot_write(name, path, error.value());
    }

    void write_file(const std::string& name, const fs::path& path) {
        const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (descriptor < 0 && errno == EEXIST) refuse(name, "comes twice");
        if (descriptor < 0) cannot_write(name, path, errno);
        const Descriptor file{descriptor};
        for (;;) {
            const la_ssize_t bytes = archive_read_data(handle_.get(), buffer_.data(), buffer_.size());
            if (bytes == 0) break;
            if (bytes < 0) damaged();
            bytes_ += bytes;
            if (bytes_ > limits_.bytes) {
                throw UserError(
                    fmt::format("the archive '{}' holds more than {} bytes", path_.string(), limits_.bytes));
            }
            const char* next = buffer_.data();
            for (la_ssize_t left = bytes; left > 0;) {
                const ssize_t written = ::write(file.number, next, static_cast<size_t>(left));
                if (written < 0 && errno == EINTR) continue;
                if (written < 0) cannot_write(name, path, errno);
                next += written;
                left -= written;
            }
        }
    }

    struct Descriptor {
        int number;
        ~Descriptor() { close(number); }
    };

    fs::path path_, folder_;
    UnpackLimits limits_;
    std::unique_ptr<archive, FreeArchive> handle_;
    std::vector<char> buffer_;
    int64_t entries_ = 0;
    int64_t bytes_ = 0;
};

}  // namespace

void unpack(const fs::path& archive, const fs::path& folder, const UnpackLimits& limits) {
    std::error_code error;
    if (fs::exists(folder, error) && !fs::is_empty(folder, error)) {
        throw UserError(fmt::format("the folder '{}' is not empty, so nothing is unpacked there", folder.string()));
    }
    Unpacking(archive, folder, limits).run();
}

}  // namespace heed
