#pragma once

#include <string>

namespace heed {

/// Processors that the affinity mask of the calling thread allows, at least 1.
int affinity_thread_count();

/// Whole processors that the CPU quota of a cgroup grants (version 2: cpu.max; version 1: cpu.cfs_quota_us over
/// cpu.cfs_period_us), the least over the group and its parents, at least 1; 0 where there is no quota or it cannot be
/// read. `membership` is the file that lists the groups of the process, `root` the folder where cgroups are mounted.
int cgroup_thread_count(const std::string& membership = "/proc/self/cgroup",
                        const std::string& root = "/sys/fs/cgroup");

}  // namespace heed
