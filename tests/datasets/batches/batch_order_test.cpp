#include "heed/datasets/batches/batch_order.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "heed/core/random/random.h"

namespace heed::batch_order_test {
namespace {

TEST(BatchOrder, OrderIsThePermutationOrTheFileOrder) {
    EXPECT_EQ(epoch_order(true, 5, 3, 100), permutation(5, 3, 100));
    EXPECT_EQ(epoch_order(false, 5, 3, 4), (std::vector<int64_t>{0, 1, 2, 3}));
}

TEST(BatchOrder, BatchesTileTheEpoch) {
    for (const int64_t n : {1, 7, 8, 9, 64}) {
        for (const int64_t batch : {1, 3, 8, 100}) {
            int64_t next = 0;
            for (int64_t index = 0; index < batches_per_epoch(n, batch); ++index) {
                const PositionRange range = batch_range(n, batch, index);
                EXPECT_EQ(range.begin, next);
                EXPECT_GT(range.size(), 0);
                EXPECT_LE(range.size(), batch);
                next = range.end;
            }
            EXPECT_EQ(next, n);
        }
    }
}

TEST(BatchOrder, PartsTileTheBatchEvenly) {
    for (const int64_t size : {0, 1, 5, 12, 13}) {
        for (const int64_t parts : {1, 2, 5, 12}) {
            int64_t next = 40;
            for (int64_t part = 0; part < parts; ++part) {
                const PositionRange range = part_range({40, 40 + size}, parts, part);
                EXPECT_EQ(range.begin, next);
                EXPECT_GE(range.size(), size / parts);
                EXPECT_LE(range.size(), (size + parts - 1) / parts);
                next = range.end;
            }
            EXPECT_EQ(next, 40 + size);
        }
    }
}

}  // namespace
}  // namespace heed::batch_order_test
