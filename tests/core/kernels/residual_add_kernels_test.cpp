// ctest: cuda
// ctest: processors 2
#include "heed/core/kernels/residual_add_kernels.h"

#include "heed/core/random/random.h"
#include "heed/tests/support/kernel_paths.h"

namespace heed::test::residual_add_kernels_test {

namespace {

using Path = KernelPath<ResidualAddKernels>;
using std::vector;

template <class Body>
void for_paths(const Body& body) {
    for_each_path(residual_add_kernels, body);
}

constexpr RandomStream stream = {{21, 22}, 23, 24};

TEST(ResidualAddKernels, AddTheKeptPartOfTheBranch) {
    for (const double dropout : {0.0, 0.1, 0.9}) {
        for (const int64_t count : {0, 1, 7, 63, 64, 65, 1000, 17001}) {
            for (const int64_t per_sample : {1, 50, 777, 99999}) {
                SCOPED_TRACE(std::to_string(count) + " p " + std::to_string(dropout) + " " +
                             std::to_string(per_sample));
                const vector<float> x = numbers(count, 1);
                const vector<float> branch = numbers(count, 2);
                vector<double> sum, dbranch;
                for (int64_t i = 0; i < count; ++i) {
                    const auto k = static_cast<std::size_t>(i);
                    const uint32_t word = random_word(stream, i / per_sample, i % per_sample);
                    const bool dropped = dropout > 0 && word < std::round(dropout * 0x1p32);
                    const double factor = dropped ? 0 : 1 / (1 - dropout);
                    sum.push_back(x[k] + branch[k] * factor);
                    dbranch.push_back(x[k] * factor);
                }
                for_paths([&](const Path& path) {
                    vector<float> out(x.size(), 99);
                    path.kernels.forward(
                        {path.at(x), path.at(branch), path.at(out), count, dropout, stream, per_sample});
                    expect_close(out, sum, 2e-7, 2e-7, "sum");
                    vector<float> gradient(x.size(), 99);
                    path.kernels.backward({path.at(x), path.at(gradient), count, dropout, stream, per_sample});
                    expect_close(gradient, dbranch, 2e-7, 0, "dbranch");
                    gradient = x;
                    path.kernels.backward({path.at(gradient), path.at(gradient), count, dropout, stream, per_sample});
                    expect_close(gradient, dbranch, 2e-7, 0, "dbranch in place");
                });
            }
        }
    }
}

TEST(ResidualAddKernels, ADroppedElementLeavesNothingBehind) {
    const vector<float> x(500, 1.0F);
    const vector<float> branch(500, not_a_number);
    for_paths([&](const Path& path) {
        vector<float> out(500);
        path.kernels.forward({path.at(x), path.at(branch), path.at(out), 500, 0.5, stream, 100});
        int64_t kept = 0;
        for (const float value : out) {
            EXPECT_TRUE(value == 1 || std::isnan(value));
            kept += std::isnan(value) ? 1 : 0;
        }
        EXPECT_GT(kept, 200);
        EXPECT_LT(kept, 300);
    });
}

TEST(ResidualAddKernels, SameBitsWithTwoThreads) {
    const vector<float> x = numbers(100003, 1);
    const vector<float> branch = numbers(100003, 2);
    for_paths([&](const Path& path) {
        expect_same_with_two_threads([&] {
            vector<float> out(x.size());
            path.kernels.forward({path.at(x), path.at(branch), path.at(out), 100003, 0.1, stream, 777});
            return out;
        });
    });
}

}  // namespace

}  // namespace heed::test::residual_add_kernels_test
