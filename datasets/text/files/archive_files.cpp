#include "heed/datasets/text/files/archive_files.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/core/settings/quote.h"

namespace heed {

namespace {

struct FreeReadArchive {
    void operator()(archive* handle) const { archive_read_free(handle); }
};

class ArchiveReading {
public:
    ArchiveReading(const std::filesystem::path& path, int64_t limit)
        : path_(path.string()), limit_(limit), handle_(archive_read_new()), buffer_(std::size_t{1} << 18) {
        if (handle_ == nullptr) throw Error("libarchive cannot be used");
        std::error_code ignored;
        if (!std::filesystem::is_regular_file(path, ignored)) {
            throw UserError(
                fmt::format("expected an archive at '{}', found {}", path_, path_exists(path) ? "no file" : "none"));
        }
        // Named one by one: "all" would start programs of the system for rare kinds of compression.
        archive_read_support_filter_gzip(handle_.get());
        archive_read_support_filter_xz(handle_.get());
        archive_read_support_format_tar(handle_.get());
        archive_read_support_format_zip(handle_.get());
        if (archive_read_open_filename(handle_.get(), path_.c_str(), buffer_.size()) != ARCHIVE_OK) damaged();
    }

    std::vector<ArchiveFile> run(const std::function<bool(std::string_view)>& wanted) {
        std::vector<ArchiveFile> files;
        archive_entry* entry = nullptr;
        for (;;) {
            const int code = archive_read_next_header(handle_.get(), &entry);
            if (code == ARCHIVE_EOF) break;
            if (code != ARCHIVE_OK && code != ARCHIVE_WARN) damaged();
            if (archive_entry_filetype(entry) != AE_IFREG) continue;
            const char* text = archive_entry_pathname(entry);
            if (text == nullptr) text = archive_entry_pathname_utf8(entry);
            std::string_view name = text != nullptr ? text : "";
            if (name.starts_with("./")) name.remove_prefix(2);
            if (wanted(name)) files.push_back({std::string(name), content()});
        }
        std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
        for (std::size_t i = 1; i < files.size(); ++i) {
            if (files[i].name == files[i - 1].name) {
                throw UserError(fmt::format("the archive '{}' holds {} twice", path_, quote(files[i].name)));
            }
        }
        return files;
    }

private:
    [[noreturn]] void damaged() const {
        const char* reason = archive_error_string(handle_.get());
        throw UserError(fmt::format("the archive '{}' is damaged or cut short: {}", path_,
                                    reason != nullptr ? reason : "it cannot be read"));
    }

    std::string content() {
        std::string result;
        for (;;) {
            const la_ssize_t bytes = archive_read_data(handle_.get(), buffer_.data(), buffer_.size());
            if (bytes == 0) return result;
            if (bytes < 0) damaged();
            bytes_ += bytes;
            if (bytes_ > limit_)
                throw UserError(fmt::format("the archive '{}' holds more than {} bytes", path_, limit_));
            result.append(buffer_.data(), static_cast<std::size_t>(bytes));
        }
    }

    std::string path_;
    int64_t limit_;
    std::unique_ptr<archive, FreeReadArchive> handle_;
    std::vector<char> buffer_;
    int64_t bytes_ = 0;
};

}  // namespace

std::vector<ArchiveFile> read_archive(const std::filesystem::path& archive,
                                      const std::function<bool(std::string_view)>& wanted, int64_t limit) {
    return ArchiveReading(archive, limit).run(wanted);
}

}  // namespace heed
