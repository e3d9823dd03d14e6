#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace heed {

/// A download that is not complete: its bytes in PATH.part, where they came from in PATH.part.source. Both survive the
/// process, so that a later one can go on. Error with path and reason where writing fails (full disk).
class PartialFile {
public:
    /// Where the bytes so far came from.
    struct Source {
        std::string url;
        std::string validator;
        int64_t size = -1;
    };

    explicit PartialFile(const std::filesystem::path& path);
    ~PartialFile();
    PartialFile(const PartialFile&) = delete;
    PartialFile& operator=(const PartialFile&) = delete;

    const std::filesystem::path& part() const { return part_; }
    int64_t size() const { return size_; }
    const Source& source() const { return source_; }

    /// Forgets what is there; `source` is what comes now. Error where the disk has not `source.size` bytes left.
    void start(const Source& source);
    void append(const char* data, size_t bytes);
    /// The bytes become the file PATH.
    void commit();
    /// Removes both files.
    void discard();

private:
    void open();
    [[noreturn]] void fail(const std::string& what) const;

    std::filesystem::path path_, part_, source_path_;
    Source source_;
    int64_t size_ = 0;
    int descriptor_ = -1;
};

}  // namespace heed
