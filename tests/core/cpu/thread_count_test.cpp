#include "heed/core/cpu/thread_count.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "heed/core/parallel.h"
#include "heed/tests/support/temporary_folder.h"

namespace heed::test::thread_count_test {

namespace {

/// A tree of cgroup files and the list of the groups of a process.
class Cgroups {
public:
    void write(const std::string& file, const std::string& text) {
        const std::filesystem::path path = root() / file;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    int threads(const std::string& membership) {
        write("membership", membership);
        return cgroup_thread_count((root() / "membership").string(), root().string());
    }

private:
    std::filesystem::path root() const { return folder_.path(); }
    TemporaryFolder folder_;
};

TEST(ThreadCount, NoQuotaIsZero) {
    Cgroups groups;
    EXPECT_EQ(0, groups.threads("0::/job\n"));
    groups.write("job/cpu.max", "max 100000\n");
    EXPECT_EQ(0, groups.threads("0::/job\n"));
    groups.write("cpu/cpu.cfs_quota_us", "-1\n");
    groups.write("cpu/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(0, groups.threads("4:cpu,cpuacct:/\n0::/job\n"));
    EXPECT_EQ(0, cgroup_thread_count("/nonexistent/membership", "/nonexistent"));
}

TEST(ThreadCount, UnifiedQuotaIsRoundedDownToAtLeastOne) {
    Cgroups groups;
    for (const auto& [text, expected] : {std::pair{"400000 100000", 4}, {"250000 100000", 2}, {"50000 100000", 1}}) {
        groups.write("job/cpu.max", text);
        EXPECT_EQ(expected, groups.threads("0::/job\n")) << text;
    }
}

TEST(ThreadCount, TheLeastOfTheGroupAndItsParentsCounts) {
    Cgroups groups;
    groups.write("outer/cpu.max", "300000 100000\n");
    groups.write("outer/inner/cpu.max", "max 100000\n");
    groups.write("outer/inner/job/cpu.max", "800000 100000\n");
    EXPECT_EQ(3, groups.threads("0::/outer/inner/job\n"));
    groups.write("outer/inner/job/cpu.max", "200000 100000\n");
    EXPECT_EQ(2, groups.threads("0::/outer/inner/job\n"));
}

TEST(ThreadCount, InAContainerTheMountItselfIsTheGroup) {
    Cgroups groups;
    groups.write("cpu.max", "200000 100000\n");
    EXPECT_EQ(2, groups.threads("0::/docker/not-visible-here\n"));
}

TEST(ThreadCount, Version1QuotaIsFoundUnderEitherMount) {
    for (const char* mount : {"cpu", "cpu,cpuacct"}) {
        Cgroups groups;
        groups.write(std::string(mount) + "/job/cpu.cfs_quota_us", "600000\n");
        groups.write(std::string(mount) + "/job/cpu.cfs_period_us", "200000\n");
        EXPECT_EQ(3, groups.threads("5:cpuset:/other\n4:cpu,cpuacct:/job\n")) << mount;
        EXPECT_EQ(0, groups.threads("5:cpuset:/job\n")) << mount;
    }
}

TEST(ThreadCount, DamagedFilesCountAsNoQuota) {
    Cgroups groups;
    for (const char* text : {"", "garbage", "100000", "-5 100000", "100000 0", "nan nan"}) {
        groups.write("job/cpu.max", text);
        EXPECT_EQ(0, groups.threads("0::/job\n")) << text;
    }
    for (const char* membership : {"", "garbage\n", "0:\n", "::\n", "0::relative\n", "0::/\n", ":"}) {
        EXPECT_EQ(0, groups.threads(membership)) << membership;
    }
}

TEST(ThreadCount, AffinityMaskIsRespected) {
    cpu_set_t before;
    ASSERT_EQ(0, sched_getaffinity(0, sizeof before, &before));
    EXPECT_EQ(CPU_COUNT(&before), affinity_thread_count());
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
        if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
    }
    ASSERT_EQ(0, sched_setaffinity(0, sizeof one, &one));
    EXPECT_EQ(1, affinity_thread_count());
    ASSERT_EQ(0, sched_setaffinity(0, sizeof before, &before));
}

TEST(ThreadCount, TheEnvironmentComesFirst) {
    for (const auto& [text, expected] : {std::pair{"3", 3}, {"5,2", 5}, {"100000", max_thread_count}}) {
        ASSERT_EQ(0, setenv("OMP_NUM_THREADS", text, 1));
        EXPECT_EQ(expected, default_thread_count()) << text;
    }
    ASSERT_EQ(0, unsetenv("OMP_NUM_THREADS"));
    const int automatic = default_thread_count();
    EXPECT_GE(automatic, 1);
    EXPECT_LE(automatic, affinity_thread_count());
    for (const char* text : {"0", "-2", "many", "", "3x", "99999999999999999999"}) {
        ASSERT_EQ(0, setenv("OMP_NUM_THREADS", text, 1));
        EXPECT_EQ(automatic, default_thread_count()) << text;
    }
}

}  // namespace

}  // namespace heed::test::thread_count_test
