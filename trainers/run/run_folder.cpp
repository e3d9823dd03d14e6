#include "heed/trainers/run/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/core/files/path_exists.h"
#include "heed/core/files/system_error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/number_text.h"

namespace heed {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot_use(const std::string& folder, const std::string& reason) {
    throw UserError("cannot use the run folder " + folder + ": " + reason);
}

[[noreturn]] void cannot_use(const std::string& folder, int error) {
    throw_system_error("cannot use the run folder " + folder, error);
}

void make_folders(const std::string& path, const std::string& run_folder) {
    std::error_code error;
    fs::create_directories(path, error);
    if (!error && !fs::is_directory(path, error)) error = std::make_error_code(std::errc::not_a_directory);
    if (error) cannot_use(run_folder, error.value());
}

/// The largest N for which `parent`/N exists, 0 for none.
int64_t largest_number(const std::string& parent) {
    int64_t largest = 0;
    std::error_code error;
    for (fs::directory_iterator entry(parent, error), end; !error && entry != end; entry.increment(error)) {
        int64_t number = 0;
        if (parse_int(entry->path().filename().string(), number) && number > largest) largest = number;
    }
    return largest;
}

[[noreturn]] void refuse_other_run(const RunPaths& paths) {
    cannot_use(paths.folder(), "another run is using it");
}

/// The descriptor of the lock file, locked. A process that dies gives its lock back.
int take_lock(const RunPaths& paths) {
    const int descriptor = open(paths.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0) cannot_use(paths.folder(), errno);
    while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        const int error = errno;
        close(descriptor);
        if (error == EWOULDBLOCK) refuse_other_run(paths);
        cannot_use(paths.folder(), error);
    }
    return descriptor;
}

/// A folder of somebody's that is no run must not be filled with files.
void check_is_run_or_empty(const RunPaths& paths) {
    std::error_code error;
    const bool empty = fs::is_empty(paths.folder(), error);
    if (error) cannot_use(paths.folder(), error.value());
    if (!empty && !is_run_folder(paths.folder())) {
        cannot_use(paths.folder(), "it holds files but no run; choose a new or empty folder as run.dir");
    }
}

/// Better now than when the first checkpoint is due.
void check_writable(const std::string& path, const std::string& run_folder) {
    if (faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) != 0) cannot_use(run_folder, errno);
}

void remove_temporary_files(const std::string& folder) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        if (is_temporary_file_name(entry->path().filename().string())) unlink(entry->path().c_str());
    }
}

/// Of a folder that is to be that of a new run.
void refuse_begun(const RunPaths& paths) {
    const RunState state = run_state(paths);
    if (state == RunState::finished) {
        cannot_use(paths.folder(), "it holds a finished run; choose another run.dir");
    }
    if (state == RunState::resumable) {
        cannot_use(paths.folder(),
                   "it holds a run that has not ended; continue it with --resume or choose another run.dir");
    }
}

}  // namespace

RunPaths::RunPaths(const std::string& folder) : folder_(fs::path(folder).lexically_normal().string()) {
    if (folder_.size() > 1 && folder_.ends_with('/')) folder_.pop_back();
}

bool is_in_use(const RunPaths& paths) {
    const int descriptor = open(paths.lock().c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool locked = flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(descriptor);  // gives the lock back
    return locked;
}

bool is_run_folder(const std::string& folder) {
    const RunPaths paths(folder);
    return path_exists(paths.lock()) || path_exists(paths.metrics()) || path_exists(paths.last_checkpoint());
}

std::optional<std::string> run_of_checkpoint(const std::string& checkpoint) {
    const fs::path file = fs::path(checkpoint).lexically_normal();
    const std::string parent = file.parent_path().parent_path().string();
    const std::string folder = parent.empty() ? "." : parent;
    if (fs::path(RunPaths(folder).checkpoints()).filename() != file.parent_path().filename()) return std::nullopt;
    return is_run_folder(folder) ? std::optional(folder) : std::nullopt;
}

std::string did_you_mean_folder(const std::string& folder) {
    fs::path missing = RunPaths(folder).folder(), above = missing.parent_path();
    std::error_code error;
    while (!above.empty() && above != above.root_path() && !fs::is_directory(above, error)) {
        missing = above;
        above = above.parent_path();
    }
    std::vector<std::string> names;
    for (fs::directory_iterator entry(above.empty() ? "." : above, error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->is_directory(error)) names.push_back(entry->path().filename().string());
    }
    std::sort(names.begin(), names.end());
    const std::string nearest = nearest_name(missing.filename().string(), names);
    if (!nearest.empty()) return " (did you mean " + (above / nearest).string() + "?)";
    const std::optional<std::string> latest = latest_run_in(above.string());
    return latest ? " (the latest one is " + *latest + ")" : "";
}

RunState run_state(const RunPaths& paths) {
    if (path_exists(paths.finished_mark())) return RunState::finished;
    return path_exists(paths.last_checkpoint()) ? RunState::resumable : RunState::fresh;
}

RunFolder::RunFolder(const std::string& folder, bool resume) : paths_(folder) {
    if (folder.empty()) throw UserError("the run folder has an empty name");
    make_folders(folder, folder);
    check_is_run_or_empty(paths_);
    lock_ = take_lock(paths_);
    try {
        state_ = run_state(paths_);
        if (!resume) refuse_begun(paths_);
        make_folders(paths_.checkpoints(), folder);
        check_writable(folder, folder);
        check_writable(paths_.checkpoints(), folder);
        remove_temporary_files(folder);
        remove_temporary_files(paths_.checkpoints());
    } catch (...) {
        close(lock_);
        throw;
    }
}

void RunFolder::check(const std::string& folder) {
    check_next_in(folder);
    const RunPaths paths(folder);
    if (!path_exists(paths.folder())) return;
    check_is_run_or_empty(paths);
    if (is_in_use(paths)) refuse_other_run(paths);
    refuse_begun(paths);
}

void RunFolder::check_next_in(const std::string& parent) {
    fs::path there = fs::absolute(parent);
    while (!path_exists(there.string()) && there.has_relative_path()) there = there.parent_path();
    std::error_code ignored;
    if (!fs::is_directory(there, ignored)) cannot_use(parent, ENOTDIR);
    check_writable(there.string(), parent);
}

RunFolder RunFolder::next_in(const std::string& parent) {
    make_folders(parent, parent);
    for (int64_t number = largest_number(parent) + 1;; ++number) {
        const std::string folder = parent + "/" + std::to_string(number);
        if (mkdir(folder.c_str(), 0777) == 0) return RunFolder(folder, false);
        if (errno != EEXIST) cannot_use(folder, errno);  // else another run was quicker
    }
}

RunFolder RunFolder::of_other_rank(const std::string& folder, RunState state) {
    return RunFolder(RunPaths(folder), state);
}

RunFolder::~RunFolder() {
    if (lock_ >= 0) close(lock_);
}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : paths_(std::move(other.paths_)), state_(other.state_), lock_(std::exchange(other.lock_, -1)) {}

void RunFolder::mark_finished() {
    if (lock_ < 0) return;
    write_file_atomically(paths_.finished_mark(), "");
}

void RunFolder::mark_unfinished() {
    if (lock_ < 0) return;
    if (unlink(paths_.finished_mark().c_str()) != 0 && errno != ENOENT) {
        throw Error("cannot remove " + paths_.finished_mark() + ": " + std::strerror(errno));
    }
}

std::optional<std::string> latest_run_in(const std::string& parent) {
    const int64_t number = largest_number(parent);
    if (number == 0) return std::nullopt;
    return parent + "/" + std::to_string(number);
}

}  // namespace heed
