// ctest: processors 2
#include "heed/core/cpu/denormals.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/parallel.h"

namespace heed::denormals_test {
namespace {

/// 1e-30 * 1e-10 is a denormal number; the compiler must not know.
float tiny_product() {
    volatile float a = 1e-30f, b = 1e-10f;
    return a * b;
}

TEST(Denormals, CountAsZeroWhereAContextIsMade) {
    std::thread([] {
        EXPECT_GT(tiny_product(), 0.0f);
        const Context context("cpu");
        EXPECT_EQ(tiny_product(), 0.0f);
    }).join();
}

TEST(Denormals, CountAsZeroInAllThreadsThatCompute) {
    set_thread_count(2);
    std::vector<float> before(64), after(64);
    const auto fill = [](std::vector<float>& values) {
        parallel_for(64, 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) values[static_cast<size_t>(i)] = tiny_product();
        });
    };
    std::thread([&] {
        fill(before);  // starts the workers before there is a context
        const Context context("cpu");
        fill(after);
    }).join();
    EXPECT_EQ(before, std::vector<float>(64, 0.0f));
    EXPECT_EQ(after, std::vector<float>(64, 0.0f));
}

}  // namespace
}  // namespace heed::denormals_test
