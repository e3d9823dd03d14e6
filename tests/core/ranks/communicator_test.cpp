#include "heed/core/ranks/communicator.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "heed/core/error.h"
#include "heed/core/ranks/local_ranks.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"

namespace heed {
namespace {

using test::contains;
using test::message_of;

TEST(SelfCommunicator, IsTheOnlyRankAndChangesNothing) {
    SelfCommunicator self;
    EXPECT_EQ(self.rank(), 0);
    EXPECT_EQ(self.size(), 1);
    std::vector<float> floats{1.5f, -2.0f};
    std::vector<double> doubles{3.0};
    self.barrier();
    self.broadcast(floats.data(), 8, 0);
    self.all_reduce_sum(floats.data(), 2);
    self.all_reduce_sum(doubles.data(), 1);
    self.all_reduce_max(doubles.data(), 1);
    EXPECT_EQ(floats, (std::vector<float>{1.5f, -2.0f}));
    EXPECT_EQ(doubles, (std::vector<double>{3.0}));
    EXPECT_THROW(self.broadcast(floats.data(), 8, 1), Error);
}

class LocalRanks : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Sizes, LocalRanks, testing::Values(1, 2, 3, 5));

TEST_P(LocalRanks, EachRankRunsOnce) {
    std::vector<std::atomic<int>> calls(static_cast<size_t>(GetParam()));
    run_local_ranks(GetParam(), [&](Communicator& ranks) {
        EXPECT_EQ(ranks.size(), GetParam());
        ++calls.at(static_cast<size_t>(ranks.rank()));
    });
    for (const auto& count : calls) EXPECT_EQ(count, 1);
}

TEST_P(LocalRanks, SumsInRankOrderWithTheSameBitsEverywhere) {
    // Values of very different size, so that another order of summation gives other bits.
    const auto value = [](int rank, int64_t i) {
        return (rank % 2 == 0 ? 1.0f : -1.0f) * std::pow(10.0f, static_cast<float>((rank * 3 + i) % 7)) +
               static_cast<float>(rank + 1) / 3.0f;
    };
    for (const int64_t count : {0, 1, 2, 7, 1000}) {
        std::vector<float> expected;
        for (int64_t i = 0; i < count; ++i) {
            float sum = value(0, i);
            for (int rank = 1; rank < GetParam(); ++rank) sum += value(rank, i);
            expected.push_back(sum);
        }
        run_local_ranks(GetParam(), [&](Communicator& ranks) {
            std::vector<float> floats;
            for (int64_t i = 0; i < count; ++i) floats.push_back(value(ranks.rank(), i));
            ranks.all_reduce_sum(floats.data(), count);
            EXPECT_EQ(floats, expected);
        });
    }
}

TEST_P(LocalRanks, ReducesDoubles) {
    run_local_ranks(GetParam(), [&](Communicator& ranks) {
        const int n = ranks.size();
        std::vector<double> sums{1e-12 * ranks.rank(), 1.0};
        ranks.all_reduce_sum(sums.data(), 2);
        EXPECT_CLOSE(sums[0], 1e-12 * n * (n - 1) / 2, 1e-12);
        EXPECT_EQ(sums[1], n);
        std::vector<double> largest{static_cast<double>(ranks.rank()), -static_cast<double>(ranks.rank()) - 1.0};
        ranks.all_reduce_max(largest.data(), 2);
        EXPECT_EQ(largest, (std::vector<double>{n - 1.0, -1.0}));
    });
}

TEST_P(LocalRanks, MaximumKeepsNotANumberOfAnyRank) {
    for (int bad = 0; bad < GetParam(); ++bad) {
        run_local_ranks(GetParam(), [&](Communicator& ranks) {
            double loss = ranks.rank() == bad ? std::numeric_limits<double>::quiet_NaN() : 1.0;
            ranks.all_reduce_max(&loss, 1);
            EXPECT_TRUE(std::isnan(loss));
        });
    }
}

TEST_P(LocalRanks, BroadcastsFromEveryRoot) {
    run_local_ranks(GetParam(), [&](Communicator& ranks) {
        for (int root = 0; root < ranks.size(); ++root) {
            int32_t data[2] = {ranks.rank(), 100 + ranks.rank()};
            ranks.broadcast(data, sizeof data, root);
            EXPECT_EQ(data[0], root);
            EXPECT_EQ(data[1], 100 + root);
        }
        EXPECT_THROW(ranks.broadcast(nullptr, 0, ranks.size()), Error);
        EXPECT_THROW(ranks.broadcast(nullptr, 0, -1), Error);
    });
}

TEST_P(LocalRanks, BarrierWaitsForAll) {
    std::atomic<int> arrived{0};
    run_local_ranks(GetParam(), [&](Communicator& ranks) {
        for (int round = 1; round <= 200; ++round) {
            ++arrived;
            ranks.barrier();
            EXPECT_EQ(arrived, round * ranks.size());
            ranks.barrier();
        }
    });
}

TEST_P(LocalRanks, AFailureReachesTheCallerAndHoldsNobodyUp) {
    const int bad = GetParam() - 1;
    std::atomic<int> told{0};
    const auto run = [&] {
        run_local_ranks(GetParam(), [&](Communicator& ranks) {
            if (ranks.rank() == bad) throw UserError("the data of rank " + std::to_string(bad) + " is bad");
            double value = 0.0;
            try {
                while (true) ranks.all_reduce_sum(&value, 1);
            } catch (const Error&) {
                ++told;
                throw;
            }
        });
    };
    EXPECT_EQ(message_of<UserError>(run), "the data of rank " + std::to_string(bad) + " is bad");
    EXPECT_EQ(told, GetParam() - 1);
}

TEST(LocalRanksMisuse, ARankThatLeavesEarlyIsAnError) {
    std::string message;
    try {
        run_local_ranks(3, [&](Communicator& ranks) {
            if (ranks.rank() != 1) ranks.barrier();
        });
    } catch (const Error& error) {
        message = error.what();
    }
    EXPECT_TRUE(contains(message, "has ended while others wait for it"));
}

TEST(LocalRanksMisuse, DifferentOperationsAreAnErrorOnEveryRank) {
    std::atomic<int> told{0};
    const auto run = [&] {
        run_local_ranks(3, [&](Communicator& ranks) {
            std::vector<float> floats(10, 1.0f);
            try {
                ranks.all_reduce_sum(floats.data(), ranks.rank() == 2 ? 9 : 10);
            } catch (const Error&) {
                ++told;
                EXPECT_THROW(ranks.barrier(), Error) << "the ranks are no longer in step";
                throw;
            }
        });
    };
    EXPECT_TRUE(contains(message_of<Error>(run), "the ranks disagree: rank 0 does all_reduce_sum of float (size 10"));
    EXPECT_EQ(told, 3);
}

TEST(LocalRanksMisuse, NoRanks) {
    EXPECT_THROW(run_local_ranks(0, [](Communicator&) {}), Error);
}

}  // namespace
}  // namespace heed
