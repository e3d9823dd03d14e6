#include "heed/datasets/files/free_memory.h"

#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>

#include "heed/core/error.h"

namespace heed {

namespace {

constexpr int64_t unknown = std::numeric_limits<int64_t>::max();

/// A file of one number; nothing where there is none ("max").
std::optional<int64_t> number_in(const std::filesystem::path& file) {
    std::ifstream stream(file);
    int64_t number = 0;
    if (stream >> number) return number;
    return std::nullopt;
}

/// The number of a line "MemAvailable:   123 kB", in bytes.
int64_t line_in(const std::filesystem::path& file, const std::string& name) {
    std::ifstream stream(file);
    std::string word;
    int64_t number = 0;
    while (stream >> word) {
        if (word == name && stream >> number) return number * 1024;
    }
    return unknown;
}

/// A page cache that can be given up counts as used, so that a limit nearly used up by it is no reason to refuse.
int64_t left_of_group(const std::filesystem::path& root, const char* limit_file, const char* statistics,
                      const char* name) {
    const std::optional<int64_t> limit = number_in(root / limit_file);
    if (!limit) return unknown;
    std::ifstream stream(root / statistics);
    std::string word;
    int64_t number = 0;
    while (stream >> word >> number) {
        if (word == name) return std::max<int64_t>(0, *limit - number);
    }
    return *limit;
}

}  // namespace

int64_t free_memory_in(const std::filesystem::path& root) {
    return std::min({line_in(root / "proc/meminfo", "MemAvailable:"),
                     left_of_group(root, "sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory.stat", "anon"),
                     left_of_group(root, "sys/fs/cgroup/memory/memory.limit_in_bytes",
                                   "sys/fs/cgroup/memory/memory.stat", "total_rss")});
}

int64_t free_memory() {
    int64_t most = free_memory_in("/");
    rlimit limit{};
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        const int64_t used = line_in("/proc/self/status", "VmSize:");
        const int64_t left = static_cast<int64_t>(limit.rlim_cur) - (used == unknown ? 0 : used);
        most = std::min(most, std::max<int64_t>(0, left));
    }
    return most;
}

int64_t machine_memory() {
    int64_t most = line_in("/proc/meminfo", "MemTotal:");
    for (const char* limit : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
        most = std::min(most, number_in(limit).value_or(unknown));
    }
    return most;
}

int64_t machine_swap() {
    const int64_t swap = line_in("/proc/meminfo", "SwapTotal:");
    return swap == unknown ? 0 : swap;
}

void check_memory(int64_t bytes, const std::string& what, const std::string& advice) {
    const int64_t most = free_memory();
    if (bytes <= most) return;
    constexpr int64_t mebibyte = 1 << 20;
    throw UserError(fmt::format("{} would take {} MiB, but {} MiB of memory are free: {}", what, bytes / mebibyte,
                                most / mebibyte, advice));
}

}  // namespace heed
