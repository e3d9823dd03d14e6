#include "heed/datasets/catalogue/fetch.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "heed/core/error.h"
#include "heed/core/files/system_error.h"
#include "heed/datasets/catalogue/checksum_list.h"

namespace heed {

namespace fs = std::filesystem;

namespace {

/// Holds a folder for one process at a time; the lock goes with the process, however that ends.
class FolderLock {
public:
    FolderLock(const fs::path& folder, const DownloadObserver& observer)
        : descriptor_(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
        if (descriptor_ < 0) {
            throw_system_error(fmt::format("cannot use the folder '{}'", folder.string()), errno);
        }
        if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
        if (observer.message) observer.message("waiting for another 'heed data get' into '" + folder.string() + "'");
        while (flock(descriptor_, LOCK_EX) != 0 && errno == EINTR) {
        }
    }
    ~FolderLock() { close(descriptor_); }
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

    /// All that was written to this file system is on the disk.
    void sync() const { syncfs(descriptor_); }

private:
    int descriptor_;
};

/// A folder that is removed at the end, and at the beginning where a killed process left it.
class ScratchFolder {
public:
    explicit ScratchFolder(fs::path path) : path_(std::move(path)) { fs::remove_all(path_); }
    ~ScratchFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

class Fetch {
public:
    Fetch(const CatalogueEntry& entry, const FetchOptions& options, const DownloadObserver& observer)
        : entry_(entry), options_(options), observer_(observer) {
        std::error_code error;
        fs::create_directories(options.to, error);
        if (error) {
            throw_system_error(fmt::format("cannot make the folder '{}'", options.to.string()), error.value());
        }
        result_.folder = options.to / entry.folder;
    }

    Fetched run() {
        const FolderLock lock(options_.to, observer_);
        if (entry_.is_archive()) {
            get_archive(lock);
        } else {
            get_files();
        }
        return result_;
    }

private:
    /// Makes sure that `path` is the file; what is there already has to be right.
    void get(CatalogueFile file, const fs::path& path) {
        std::error_code error;
        if (fs::exists(path, error)) {
            keep(file, path);
            return;
        }
        if (!options_.mirror.empty()) {
            const char* slash = options_.mirror.ends_with('/') ? "" : "/";
            file.urls = {options_.mirror + slash + entry_.name + "/" + file.name};
        }
        fetched_ = true;
        const Downloaded done = download(file, path, options_.transfer, observer_);
        result_.verified = result_.verified && done.verified;
        note(file, done.size, "from " + done.url, done.sha256);
    }

    void keep(const CatalogueFile& file, const fs::path& path) {
        const auto size = static_cast<int64_t>(fs::file_size(path));
        const auto refuse = [&](const std::string& expected, const std::string& found) {
            throw UserError(
                fmt::format("'{}' is there already, with {} instead of the published {}; move it away, or choose "
                            "another folder by --to",
                            path.string(), found, expected));
        };
        if (file.size > 0 && size != file.size) {
            refuse(fmt::format("{} bytes", file.size), fmt::format("{} bytes", size));
        }
        const Checksum found = file_checksum(path, file.checksum.known() ? file.checksum.algorithm : "sha256");
        if (file.checksum.known() && found != file.checksum) refuse(to_string(file.checksum), to_string(found));
        result_.verified = result_.verified && file.checksum.known();
        note(file, size, "already there", found);
    }

    void note(const CatalogueFile& file, int64_t size, const std::string& from, const Checksum& checksum) {
        const std::string state = file.checksum.known() ? "as published" : "not verified: no checksum is published";
        result_.files.push_back(
            fmt::format("{}: {} bytes, {}, {} ({})", file.name, size, from, to_string(checksum), state));
    }

    void get_files() {
        fs::create_directories(result_.folder);
        for (const CatalogueFile& file : entry_.files) get(file, result_.folder / file.name);
        result_.was_there = !fetched_;
        if (fetched_) write_checksum_list(result_.folder, result_.files);
    }

    void get_archive(const FolderLock& lock) {
        std::error_code error;
        if (fs::exists(result_.folder, error)) {
            if (!fs::exists(result_.folder / checksum_list_name, error)) {
                throw UserError(fmt::format(
                    "there is a folder '{}' already that 'heed data get' has not made; move it away, or choose another "
                    "place by --to",
                    result_.folder.string()));
            }
            result_.was_there = true;
            return;
        }
        const CatalogueFile& file = entry_.files.front();
        const fs::path archive = options_.to / file.name;
        get(file, archive);
        const ScratchFolder scratch(options_.to / (".unpacking-" + entry_.name));
        if (observer_.message) observer_.message("unpacking " + file.name);
        unpack_checked(archive, scratch.path());
        const fs::path made = scratch.path() / entry_.folder;
        write_checksum_list(made, result_.files);
        lock.sync();
        fs::rename(made, result_.folder);
        lock.sync();
        fs::remove(archive);
    }

    /// An archive that was fetched, has no published checksum and cannot be unpacked may be worth another attempt.
    void unpack_checked(const fs::path& archive, const fs::path& folder) {
        try {
            unpack(archive, folder, options_.unpack);
            if (!fs::is_directory(folder / entry_.folder)) {
                throw UserError(fmt::format("the archive '{}' holds no folder '{}'", archive.string(), entry_.folder));
            }
        } catch (const UserError& error) {
            if (!fetched_ || result_.verified) throw;
            fs::remove(archive);
            throw UserError(std::string(error.what()) + "; it was removed, so that another attempt starts afresh");
        }
    }

    const CatalogueEntry& entry_;
    const FetchOptions& options_;
    const DownloadObserver& observer_;
    Fetched result_;
    bool fetched_ = false;
};

}  // namespace

Fetched fetch(const CatalogueEntry& entry, const FetchOptions& options, const DownloadObserver& observer) {
    try {
        return Fetch(entry, options, observer).run();
    } catch (const fs::filesystem_error& error) {
        throw Error(fmt::format("cannot write '{}': {}", error.path1().string(), error.code().message()));
    }
}

}  // namespace heed
