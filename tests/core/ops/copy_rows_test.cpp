// ctest: cuda
#include "heed/core/ops/shapes/copy_rows.h"

#include <gtest/gtest.h>

#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/kernels/copy_rows_kernels.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/kernel_paths.h"

namespace heed::test::copy_rows_test {
namespace {

TEST(CopyRowsKernels, CopiesRunsBetweenPlacesAndKeepsWhatLiesBetween) {
    for (const int64_t width : {1, 5, 16, 37}) {
        for (const bool indexed : {false, true}) {
            for_each_path(copy_rows_kernels, [&](const auto& path) {
                constexpr int64_t count = 6;
                const int64_t from_stride = width + 3, to_stride = width + 2;
                const std::vector<float> from = numbers(count * from_stride, 1);
                const std::vector<int32_t> index = {3, 0, 0, 5, 1, 3};
                std::vector<float> to(static_cast<size_t>(count * to_stride), 7);
                path.kernels.copy({path.at(from), from_stride, indexed ? path.at(index) : nullptr, path.at(to),
                                   to_stride, count, width});
                for (int64_t i = 0; i < count; ++i) {
                    const int64_t row = indexed ? index[i] : i;
                    for (int64_t j = 0; j < to_stride; ++j) {
                        ASSERT_EQ(to[i * to_stride + j], j < width ? from[row * from_stride + j] : 7);
                    }
                }
            });
        }
    }
}

class CopyRowsOp : public testing::TestWithParam<const char*> {
protected:
    Context context{GetParam()};
    Tensor integers(const std::vector<int32_t>& values) {
        return Tensor::from_host(context, {static_cast<int64_t>(values.size())}, std::span<const int32_t>(values));
    }
};

TEST_P(CopyRowsOp, GathersPartsOfTheFirstAxis) {
    const std::vector<float> values = numbers(3 * 2 * 2, 1);
    const Tensor x = Tensor::from_host(context, {3, 2, 2}, values);
    const Tensor y = gather_rows(x, integers({2, 0, 2, 1}));
    ASSERT_EQ(y.shape(), (Shape{4, 2, 2}));
    const std::vector<float> got = y.to_vector();
    for (int64_t i = 0; i < 16; ++i) {
        const int64_t rows[] = {2, 0, 2, 1};
        EXPECT_EQ(got[i], values[rows[i / 4] * 4 + i % 4]);
    }
    EXPECT_EQ(gather_rows(x, integers({})).shape(), (Shape{0, 2, 2}));
    std::vector<int32_t> numbers_of_all_sizes = {1, -1, 1 << 30, 7, 0, INT32_MIN};
    const Tensor i = Tensor::from_host(context, {3, 2}, std::span<const int32_t>(numbers_of_all_sizes));
    std::vector<int32_t> gathered(4);
    gather_rows(i, integers({2, 0})).copy_to_host(gathered.data());
    EXPECT_EQ(gathered, (std::vector<int32_t>{0, INT32_MIN, 1, -1}));
    EXPECT_THROW(copy_rows({i, 0, 2}, {Tensor::zeros(context, {3, 2}), 0, 2}, 3, 2), Error);
}

TEST_P(CopyRowsOp, RefusesRunsOutsideOfTheTensors) {
    const Tensor x = Tensor::zeros(context, {3, 4}), y = Tensor::zeros(context, {3, 4});
    EXPECT_NO_THROW(copy_rows({x, 0, 4}, {y, 0, 4}, 3, 4));
    EXPECT_NO_THROW(copy_rows({x, 1, 4}, {y, 0, 4}, 3, 3));
    EXPECT_THROW(copy_rows({x, 1, 4}, {y, 0, 4}, 3, 4), Error);
    EXPECT_THROW(copy_rows({x, 0, 4}, {y, 1, 4}, 3, 4), Error);
    EXPECT_THROW(copy_rows({x, 0, 4}, {y, 0, 4}, 4, 4), Error);
    EXPECT_THROW(copy_rows({x, 0, 4}, {y, 0, 3}, 3, 4), Error);  // runs of the target would overlap
    EXPECT_THROW(copy_rows({x, -1, 4}, {y, 0, 4}, 1, 4), Error);
    if (!context.device().shares_host_memory()) return;  // indices there are checked before they are uploaded
    EXPECT_THROW(gather_rows(x, integers({0, 3})), Error);
    EXPECT_THROW(gather_rows(x, integers({-1})), Error);
}

INSTANTIATE_TEST_SUITE_P(Devices, CopyRowsOp, testing::ValuesIn(computing_devices()));

}  // namespace
}  // namespace heed::test::copy_rows_test
