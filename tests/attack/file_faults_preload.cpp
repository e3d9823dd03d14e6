// Preloaded into a program (LD_PRELOAD), counts its file operations below a folder, by kind, and lets one of them fail
// or end the process as a power cut would. What it does stands in the environment:
//
//   FILE_FAULTS_ROOT=FOLDER   absolute, without links
//   FILE_FAULTS_LOG=FILE      gets a line for every operation: kind and path
//   FILE_FAULTS=KIND:N:WHAT   what happens at the N-th operation of that kind, counted from 1:
//                               kill    SIGKILL before it
//                               after   SIGKILL behind it
//                               half    SIGKILL when half of the bytes are written (write)
//                               NUMBER  it fails with this errno
//                               full:NUMBER  half of the bytes are written, and every later one fails with this errno
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <string>

namespace {

enum class Kind { open, open_to_read, read, write, sync, rename, mkdir, unlink, truncate, lock, map, list, count };
constexpr const char* kind_names[] = {"open",  "open_to_read", "read",     "write", "sync", "rename",
                                      "mkdir", "unlink",       "truncate", "lock",  "map",  "list"};

enum class Action { nothing, kill, kill_after, kill_half, fail, full };

struct Plan {
    std::string root;
    int log = -1;
    Kind kind = Kind::count;
    long at = 0;
    Action action = Action::nothing;
    int error = 0;
};

/// Never destroyed: the program writes until its last moment.
const Plan& plan() {
    static const Plan& made = *[] {
        auto* plan = new Plan;
        if (const char* root = getenv("FILE_FAULTS_ROOT")) plan->root = root;
        if (const char* log = getenv("FILE_FAULTS_LOG")) {
            plan->log =
                static_cast<int>(syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
        }
        const char* fault = getenv("FILE_FAULTS");
        char kind[32], what[32];
        if (fault && sscanf(fault, "%31[^:]:%ld:%31s", kind, &plan->at, what) == 3) {
            for (int i = 0; i < static_cast<int>(Kind::count); ++i) {
                if (strcmp(kind, kind_names[i]) == 0) plan->kind = static_cast<Kind>(i);
            }
            const std::string action = what;
            plan->action = action == "kill"                     ? Action::kill
                           : action == "after"                  ? Action::kill_after
                           : action == "half"                   ? Action::kill_half
                           : action.compare(0, 5, "full:") == 0 ? Action::full
                                                                : Action::fail;
            plan->error = atoi(what + (plan->action == Action::full ? 5 : 0));
        }
        return plan;
    }();
    return made;
}

std::string of_descriptor(int descriptor) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = readlink(link, path, sizeof path);
    return length > 0 ? std::string(path, static_cast<size_t>(length)) : "";
}

std::string absolute(const char* path, int folder = AT_FDCWD) {
    if (!path) return "";
    if (*path == '/') return path;
    char here[PATH_MAX];
    if (folder == AT_FDCWD) return getcwd(here, sizeof here) ? std::string(here) + "/" + path : "";
    return of_descriptor(folder) + "/" + path;
}

[[noreturn]] void die() {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

/// One operation: counted where it concerns the folder.
class Operation {
public:
    Operation(Kind kind, const std::string& path) {
        const Plan& all = plan();
        if (all.root.empty() || path.compare(0, all.root.size(), all.root) != 0) return;
        static std::atomic<long> counts[static_cast<int>(Kind::count)];
        const long number = ++counts[static_cast<int>(kind)];
        if (all.log >= 0) {
            const std::string line = std::string(kind_names[static_cast<int>(kind)]) + " " + path + "\n";
            syscall(SYS_write, all.log, line.data(), line.size());
        }
        if (kind != all.kind) return;
        if (number == all.at) action_ = all.action;
        if (number > all.at && all.action == Action::full) action_ = Action::fail;
        if (action_ == Action::kill) die();
    }

    /// Whether it fails now; errno is set then.
    bool fails() const {
        if (action_ != Action::fail && !(action_ == Action::full && plan().kind != Kind::write)) return false;
        errno = plan().error;
        return true;
    }
    /// Whether half of the bytes shall be written.
    bool halved() const { return action_ == Action::kill_half || action_ == Action::full; }

    template <class Result>
    Result done(Result result) const {
        if (action_ == Action::kill_after || action_ == Action::kill_half) die();
        return result;
    }

private:
    Action action_ = Action::nothing;
};

/// The function of that name which the program would call without us.
template <class Function>
Function* next(const char* name, Function*) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}
#define NEXT(name) (next(#name, name))

Kind kind_of(int flags) {
    return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0 ? Kind::open : Kind::open_to_read;
}

Kind kind_of(const char* mode) {
    return strpbrk(mode, "wa+") ? Kind::open : Kind::open_to_read;
}

mode_t mode_behind(int flags, va_list rest) {
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

}  // namespace

extern "C" {

#define OPEN(name)                                           \
    int name(const char* path, int flags, ...) {             \
        va_list rest;                                        \
        va_start(rest, flags);                               \
        const mode_t mode = mode_behind(flags, rest);        \
        va_end(rest);                                        \
        const Operation one(kind_of(flags), absolute(path)); \
        if (one.fails()) return -1;                          \
        return one.done(NEXT(name)(path, flags, mode));      \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                 \
    int name(int folder, const char* path, int flags, ...) {         \
        va_list rest;                                                \
        va_start(rest, flags);                                       \
        const mode_t mode = mode_behind(flags, rest);                \
        va_end(rest);                                                \
        const Operation one(kind_of(flags), absolute(path, folder)); \
        if (one.fails()) return -1;                                  \
        return one.done(NEXT(name)(folder, path, flags, mode));      \
    }
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name)                                         \
    FILE* name(const char* path, const char* mode) {        \
        const Operation one(kind_of(mode), absolute(path)); \
        if (one.fails()) return nullptr;                    \
        return one.done(NEXT(name)(path, mode));            \
    }
FOPEN(fopen)
FOPEN(fopen64)

ssize_t write(int descriptor, const void* data, size_t bytes) {
    const Operation one(Kind::write, of_descriptor(descriptor));
    if (one.fails()) return -1;
    return one.done(NEXT(write)(descriptor, data, one.halved() && bytes > 1 ? bytes / 2 : bytes));
}

ssize_t writev(int descriptor, const iovec* parts, int count) {
    const Operation one(Kind::write, of_descriptor(descriptor));
    if (one.fails()) return -1;
    if (one.halved()) return one.done(NEXT(write)(descriptor, parts[0].iov_base, parts[0].iov_len / 2));
    return one.done(NEXT(writev)(descriptor, parts, count));
}

ssize_t read(int descriptor, void* data, size_t bytes) {
    const Operation one(Kind::read, of_descriptor(descriptor));
    if (one.fails()) return -1;
    return one.done(NEXT(read)(descriptor, data, bytes));
}

#define SYNC(name)                                                  \
    int name(int descriptor) {                                      \
        const Operation one(Kind::sync, of_descriptor(descriptor)); \
        if (one.fails()) return -1;                                 \
        return one.done(NEXT(name)(descriptor));                    \
    }
SYNC(fsync)
SYNC(fdatasync)
SYNC(syncfs)

int rename(const char* from, const char* to) {
    const Operation one(Kind::rename, absolute(to));
    if (one.fails()) return -1;
    return one.done(NEXT(rename)(from, to));
}

int mkdir(const char* path, mode_t mode) {
    const Operation one(Kind::mkdir, absolute(path));
    if (one.fails()) return -1;
    return one.done(NEXT(mkdir)(path, mode));
}

#define REMOVE(name)                                       \
    int name(const char* path) {                           \
        const Operation one(Kind::unlink, absolute(path)); \
        if (one.fails()) return -1;                        \
        return one.done(NEXT(name)(path));                 \
    }
REMOVE(unlink)
REMOVE(rmdir)
REMOVE(remove)

int unlinkat(int folder, const char* path, int flags) {
    const Operation one(Kind::unlink, absolute(path, folder));
    if (one.fails()) return -1;
    return one.done(NEXT(unlinkat)(folder, path, flags));
}

#define TRUNCATE(name)                                       \
    int name(const char* path, off_t size) {                 \
        const Operation one(Kind::truncate, absolute(path)); \
        if (one.fails()) return -1;                          \
        return one.done(NEXT(name)(path, size));             \
    }
TRUNCATE(truncate)
TRUNCATE(truncate64)

#define FTRUNCATE(name)                                                 \
    int name(int descriptor, off_t size) {                              \
        const Operation one(Kind::truncate, of_descriptor(descriptor)); \
        if (one.fails()) return -1;                                     \
        return one.done(NEXT(name)(descriptor, size));                  \
    }
FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

int flock(int descriptor, int operation) {
    const Operation one(Kind::lock, of_descriptor(descriptor));
    if (one.fails()) return -1;
    return one.done(NEXT(flock)(descriptor, operation));
}

void* mmap(void* address, size_t bytes, int protection, int flags, int descriptor, off_t offset) noexcept {
    if (descriptor >= 0) {
        const Operation one(Kind::map, of_descriptor(descriptor));
        if (one.fails()) return MAP_FAILED;
        return one.done(NEXT(mmap)(address, bytes, protection, flags, descriptor, offset));
    }
    return NEXT(mmap)(address, bytes, protection, flags, descriptor, offset);
}

DIR* opendir(const char* path) {
    const Operation one(Kind::list, absolute(path));
    if (one.fails()) return nullptr;
    return one.done(NEXT(opendir)(path));
}

}  // extern "C"
