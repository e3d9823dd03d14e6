#include "heed/core/cpu/thread_count.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <sstream>

namespace heed {

namespace {

/// Processors that quota / period grants, rounded down (a thread too many makes every barrier wait for the next
/// period).
int processors(double quota, double period) {
    if (!(quota > 0) || !(period > 0)) return 0;
    return static_cast<int>(std::clamp(quota / period, 1.0, 1e6));
}

/// Version 2: one file, "max 100000" or "150000 100000".
int quota_of_unified_group(const std::string& folder) {
    std::ifstream file(folder + "/cpu.max");
    double quota = 0;
    double period = 0;
    return file >> quota >> period ? processors(quota, period) : 0;
}

/// Version 1: two files; a quota of -1 means none.
int quota_of_cpu_group(const std::string& folder) {
    std::ifstream quota_file(folder + "/cpu.cfs_quota_us");
    std::ifstream period_file(folder + "/cpu.cfs_period_us");
    double quota = 0;
    double period = 0;
    return quota_file >> quota && period_file >> period ? processors(quota, period) : 0;
}

int least(int a, int b) {
    return a == 0 ? b : b == 0 ? a : std::min(a, b);
}

/// The least quota of the group `path` and its parents up to the mount.
int least_quota(const std::string& mount, std::string path, int (*quota_of)(const std::string& folder)) {
    int result = 0;
    while (!path.empty() && path != "/") {
        result = least(result, quota_of(mount + path));
        path.erase(path.rfind('/'));
    }
    // Inside a container the group's own path may not exist under the mount, while the mount itself is the group.
    return least(result, quota_of(mount));
}

bool lists_cpu(const std::string& controllers) {
    std::istringstream list(controllers);
    for (std::string name; std::getline(list, name, ',');) {
        if (name == "cpu") return true;
    }
    return false;
}

}  // namespace

int affinity_thread_count() {
    // A mask of 4096 processors: the kernel refuses masks smaller than its own.
    cpu_set_t masks[4];
    if (sched_getaffinity(0, sizeof masks, masks) != 0) return 1;
    return std::max(1, CPU_COUNT_S(sizeof masks, masks));
}

int cgroup_thread_count(const std::string& membership, const std::string& root) {
    std::ifstream groups(membership);
    int result = 0;
    for (std::string line;
         std::getline(groups, line);) {  // "4:cpu,cpuacct:/path" (version 1) or "0::/path" (version 2)
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos || second + 1 >= line.size() || line[second + 1] != '/') continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const std::string path = line.substr(second + 1);
        if (controllers.empty()) {
            for (const char* mount : {"", "/unified"}) {
                result = least(result, least_quota(root + mount, path, quota_of_unified_group));
            }
        } else if (lists_cpu(controllers)) {
            for (const std::string& mount : {std::string("cpu"), controllers}) {
                result = least(result, least_quota(root + "/" + mount, path, quota_of_cpu_group));
            }
        }
    }
    return result;
}

}  // namespace heed
