#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace heed {

/// A file that appears whole or not at all. The bytes go to a temporary file in the same folder; commit() syncs it,
/// renames it over `path` and syncs the folder. Without commit() the temporary is removed and an old file at `path`
/// stays as it was, also after a full disk or a crash.
///
/// Errors name the path and the system's reason: UserError when the place cannot be written to at all (missing or
/// read-only folder, not a regular file), Error when writing fails (full disk).
class AtomicFile {
public:
    explicit AtomicFile(const std::string& path);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    void write(const void* data, size_t bytes);
    void write(std::string_view text) { write(text.data(), text.size()); }
    /// To be called once, after the last write.
    void commit();

private:
    /// Returns the error of the system, or 0.
    int create_temporary();
    [[noreturn]] void fail(int error);
    void discard() noexcept;

    std::string path_;
    std::string temporary_path_;
    int descriptor_ = -1;
};

/// The whole of `contents` becomes the file, atomically.
void write_file_atomically(const std::string& path, std::string_view contents);

/// Throws the UserError that AtomicFile would, so that it comes before the work whose result shall be written there.
/// Leaves nothing behind.
void check_writable(const std::string& path);

/// Removes the temporary files of all AtomicFiles of this process: for one that is about to end without destructors.
void remove_unfinished_files();

/// Whether a file name (without folder) is one that AtomicFile gives to its temporaries: such a file found later was
/// left by a process that was killed.
bool is_temporary_file_name(std::string_view name);

}  // namespace heed
