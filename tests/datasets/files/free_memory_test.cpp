#include "heed/datasets/files/free_memory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"

namespace heed::free_memory_test {
namespace {

class FreeMemory : public testing::Test {
protected:
    void write(const std::string& file, const std::string& text) {
        const std::filesystem::path path = std::filesystem::path(folder_.path()) / file;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    int64_t free() const { return free_memory_in(folder_.path()); }

    test::TemporaryFolder folder_;
};

TEST_F(FreeMemory, IsTheLeastThatIsKnown) {
    EXPECT_EQ(free(), std::numeric_limits<int64_t>::max());
    write("proc/meminfo", "MemTotal:       9000 kB\nMemFree:        100 kB\nMemAvailable:   4000 kB\n");
    EXPECT_EQ(free(), 4000 * 1024);
    write("sys/fs/cgroup/memory.max", "max\n");
    EXPECT_EQ(free(), 4000 * 1024);
    write("sys/fs/cgroup/memory.max", "3000000\n");
    EXPECT_EQ(free(), 3000000);
    write("sys/fs/cgroup/memory.stat", "file 2900000\nanon 1000000\n");
    EXPECT_EQ(free(), 2000000) << "the page cache does not count";
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "1500000\n");
    EXPECT_EQ(free(), 1500000);
    write("sys/fs/cgroup/memory/memory.stat", "total_rss 1600000\n");
    EXPECT_EQ(free(), 0);
}

TEST_F(FreeMemory, MoreThanThereIsIsRefused) {
    EXPECT_GT(free_memory(), 0);
    check_memory(1, "a byte", "nothing");
    const std::string message = test::message_of<UserError>(
        [] { check_memory(int64_t{1} << 62, "the image of a galaxy", "take a smaller one"); });
    EXPECT_TRUE(message.starts_with("the image of a galaxy would take 4398046511104 MiB, but ")) << message;
    EXPECT_TRUE(message.ends_with(" MiB of memory are free: take a smaller one")) << message;
}

}  // namespace
}  // namespace heed::free_memory_test
