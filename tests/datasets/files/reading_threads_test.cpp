// ctest: processors 2
#include "heed/datasets/files/reading_threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "heed/tests/support/message_of.h"

namespace heed::reading_threads_test {
namespace {

TEST(ReadingThreads, EveryItemIsTakenOnceAndEachThreadOneAtATime) {
    for (const int64_t count : {1, 2, 5}) {
        ReadingThreads threads(count);
        EXPECT_EQ(threads.count(), count);
        std::vector<std::atomic<int>> busy(static_cast<std::size_t>(count));
        for (int64_t items : {0, 1, 3, 200, 7}) {
            std::vector<int> taken(static_cast<std::size_t>(items), 0);
            threads.for_each(items, [&](int64_t item, int64_t thread) {
                EXPECT_EQ(busy[static_cast<std::size_t>(thread)]++, 0);
                ++taken[static_cast<std::size_t>(item)];
                --busy[static_cast<std::size_t>(thread)];
            });
            EXPECT_EQ(taken, std::vector<int>(static_cast<std::size_t>(items), 1));
        }
    }
}

TEST(ReadingThreads, ThreadsShareTheWork) {
    ReadingThreads threads(2);
    std::atomic<int> together = 0;
    threads.for_each(2, [&](int64_t, int64_t) {
        ++together;
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (together < 2 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    });
    EXPECT_EQ(together, 2);
}

TEST(ReadingThreads, TheFirstItemThatFailsIsToldForAnyNumberOfThreads) {
    for (const int64_t count : {1, 2, 4}) {
        ReadingThreads threads(count);
        for (int round = 0; round < 50; ++round) {
            const std::string message = test::message_of<std::runtime_error>([&] {
                threads.for_each(100, [&](int64_t item, int64_t) {
                    if (item == 40 || item == 41 || item == 90) throw std::runtime_error(std::to_string(item));
                });
            });
            EXPECT_EQ(message, "40");
        }
        int64_t done = 0;
        threads.for_each(1, [&](int64_t, int64_t) { ++done; });
        EXPECT_EQ(done, 1) << "goes on after a failure";
    }
}

}  // namespace
}  // namespace heed::reading_threads_test
