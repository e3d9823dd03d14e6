// ctest: processors 2
// ctest: own program
#include "heed/core/parallel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <new>
#include <thread>
#include <vector>

#include "heed/core/error.h"

namespace {

std::atomic<int> allocations{0};

}  // namespace

// Not inlined, so that the compiler does not compare the inside of one with the outside of the other.
__attribute__((noinline)) void* operator new(std::size_t size) {
    ++allocations;
    if (void* p = std::malloc(size)) return p;
    throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* p) noexcept {
    std::free(p);
}
__attribute__((noinline)) void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}

namespace heed::test::parallel_test {

namespace {

/// Sets the number of threads for one test.
class Threads {
public:
    explicit Threads(int count) : before_(thread_count()) { set_thread_count(count); }
    ~Threads() { set_thread_count(before_); }

private:
    int before_;
};

TEST(ParallelFor, EveryChunkComesOnceAndDependsOnSizesAlone) {
    for (int threads : {1, 2, 3, 8}) {
        const Threads set(threads);
        for (int64_t n : {0, 1, 7, 8, 9, 64, 1000, 1001}) {
            for (int64_t grain : {1, 8, 333, 5000}) {
                std::vector<std::atomic<int>> visits(static_cast<std::size_t>(n));
                std::atomic<int> wrong{0};
                parallel_for(n, grain, [&](int64_t begin, int64_t end) {
                    if (begin % grain != 0 || end != std::min(n, begin + grain)) ++wrong;
                    for (int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
                });
                EXPECT_EQ(0, wrong) << n << " in chunks of " << grain << " on " << threads;
                for (const auto& count : visits) ASSERT_EQ(1, count);
            }
        }
    }
}

TEST(ParallelFor, NegativeLengthIsEmpty) {
    bool called = false;
    parallel_for(-5, 2, [&](int64_t, int64_t) { called = true; });
    EXPECT_FALSE(called);
}

TEST(ParallelFor, HugeLengthDoesNotOverflow) {
    const Threads set(2);
    constexpr int64_t n = std::numeric_limits<int64_t>::max() - 1;
    constexpr int64_t grain = int64_t{1} << 61;
    std::atomic<int64_t> last{0};
    std::atomic<int> chunks{0};
    parallel_for(n, grain, [&](int64_t, int64_t end) {
        ++chunks;
        if (end == n) last = end;
    });
    EXPECT_EQ(4, chunks);
    EXPECT_EQ(n, last);
}

TEST(ParallelFor, TwoThreadsRunAtTheSameTime) {
    const Threads set(2);
    std::atomic<int> begun{0};
    std::atomic<int> met{0};
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    parallel_for(2, 1, [&](int64_t, int64_t) {
        ++begun;
        while (begun < 2 && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
        if (begun == 2) ++met;
    });
    EXPECT_EQ(2, met);
}

TEST(ParallelFor, ASlowChunkDoesNotHoldUpTheOthersOfItsShare) {
    const Threads set(2);
    std::atomic<int> others{0};
    std::atomic<bool> all_done{false};
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    parallel_for(10, 1, [&](int64_t begin, int64_t) {
        if (begin != 0) {
            ++others;
            return;
        }
        while (others < 9 && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
        all_done = others == 9;
    });
    EXPECT_TRUE(all_done);
}

TEST(ParallelFor, OneThreadMeansTheCallingOneInOrder) {
    const Threads set(1);
    std::vector<int64_t> order;
    bool same = true;
    const auto caller = std::this_thread::get_id();
    parallel_for(10, 3, [&](int64_t begin, int64_t) {
        order.push_back(begin);
        same = same && std::this_thread::get_id() == caller;
    });
    EXPECT_EQ((std::vector<int64_t>{0, 3, 6, 9}), order);
    EXPECT_TRUE(same);
}

TEST(ParallelFor, InnerLoopRunsOnTheThreadOfItsChunk) {
    const Threads set(2);
    std::atomic<int> elsewhere{0};
    std::atomic<int64_t> sum{0};
    parallel_for(8, 1, [&](int64_t outer, int64_t) {
        const auto mine = std::this_thread::get_id();
        parallel_for(100, 7, [&](int64_t begin, int64_t end) {
            if (std::this_thread::get_id() != mine) ++elsewhere;
            for (int64_t i = begin; i < end; ++i) sum += outer * 100 + i;
        });
    });
    EXPECT_EQ(0, elsewhere);
    EXPECT_EQ(800 * 799 / 2, sum);
    // The mark of being inside is gone: a later loop is shared again and complete.
    std::atomic<int> count{0};
    parallel_for(50, 1, [&](int64_t, int64_t) { ++count; });
    EXPECT_EQ(50, count);
}

TEST(ParallelFor, SeveralCallersAtOnce) {
    const Threads set(2);
    constexpr int callers = 4;
    int64_t results[callers] = {};
    std::vector<std::thread> threads;
    for (int c = 0; c < callers; ++c) {
        threads.emplace_back([&results, c] {
            for (int repetition = 0; repetition < 200; ++repetition) {
                int64_t partial[40];
                parallel_for(1000, 25, [&](int64_t begin, int64_t end) {
                    int64_t sum = 0;
                    for (int64_t i = begin; i < end; ++i) sum += i * (c + 1);
                    partial[begin / 25] = sum;
                });
                for (int64_t sum : partial) results[c] += sum;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (int c = 0; c < callers; ++c) EXPECT_EQ(int64_t{200} * (c + 1) * 499500, results[c]);
}

TEST(ParallelFor, MakesNoAllocation) {
    const Threads set(2);
    std::atomic<int64_t> sum{0};
    const auto loop = [&] { parallel_for(1000, 10, [&](int64_t begin, int64_t) { sum += begin; }); };
    loop();  // starts the threads
    const int before = allocations;
    for (int i = 0; i < 10; ++i) loop();
    EXPECT_EQ(before, allocations);
    EXPECT_EQ(11 * 49500, sum);
}

TEST(ParallelFor, ThreadCountCanChangeBetweenLoops) {
    const Threads set(1);
    for (int threads : {4, 1, 3, 2, 6, 2}) {
        set_thread_count(threads);
        EXPECT_EQ(threads, thread_count());
        std::atomic<int64_t> sum{0};
        parallel_for(1000, 1, [&](int64_t begin, int64_t) { sum += begin; });
        EXPECT_EQ(499500, sum);
    }
}

TEST(ThreadCount, OutOfRangeIsRefused) {
    const int before = thread_count();
    for (int count : {0, -1, max_thread_count + 1}) EXPECT_THROW(set_thread_count(count), UserError);
    EXPECT_EQ(before, thread_count());
}

}  // namespace

}  // namespace heed::test::parallel_test
