// ctest: cuda
#include "heed/core/ranks/communicator.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <iterator>
#include <string>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ranks/local_ranks.h"
#include "heed/core/ranks/other_rank_error.h"
#include "heed/core/ranks/process_ranks.h"
#include "heed/core/ranks/together.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/message_of.h"

namespace heed::communicator_test {
namespace {

using test::contains;
using test::message_of;

Tensor tensor(Context& context, const std::vector<float>& values) {
    return Tensor::from_host(context, {std::ssize(values)}, values);
}

TEST(Communicator, OfAProcessThatWasStartedAloneIsTheOnlyRankAndChangesNothing) {
    Context context;
    const std::unique_ptr<Communicator> self = make_communicator();
    EXPECT_EQ(self->rank(), 0);
    EXPECT_EQ(self->size(), 1);
    const Tensor values = tensor(context, {1.5f, -2.0f});
    Communication sum = self->all_reduce_sum(values, "values");
    sum.wait();
    sum.wait();
    EXPECT_EQ(values.to_vector(), (std::vector<float>{1.5f, -2.0f}));
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

TEST_P(LocalRanks, SumsNeighboursFirstWithTheSameBitsEverywhere) {
    // Values of very different size, so that another order of summation gives other bits.
    const auto value = [](int rank, int64_t i) {
        return (rank % 2 == 0 ? 1.0f : -1.0f) * std::pow(10.0f, static_cast<float>((rank * 3 + i) % 7)) +
               static_cast<float>(rank + 1) / 3.0f;
    };
    for (const int64_t count : {0, 1, 2, 7, 1000}) {
        std::vector<float> expected;
        for (int64_t i = 0; i < count; ++i) {
            std::vector<float> sums;
            for (int rank = 0; rank < GetParam(); ++rank) sums.push_back(value(rank, i));
            while (sums.size() > 1) {
                std::vector<float> pairs;
                for (size_t k = 0; k < sums.size(); k += 2) {
                    pairs.push_back(k + 1 < sums.size() ? sums[k] + sums[k + 1] : sums[k]);
                }
                sums = pairs;
            }
            expected.push_back(sums[0]);
        }
        for (const char* device : test::computing_devices()) {
            run_local_ranks(GetParam(), [&](Communicator& ranks) {
                Context context(device);
                std::vector<float> floats;
                for (int64_t i = 0; i < count; ++i) floats.push_back(value(ranks.rank(), i));
                const Tensor values = tensor(context, floats);
                ranks.all_reduce_sum(values, "values").wait();
                EXPECT_EQ(values.to_vector(), expected);
            });
        }
    }
}

TEST_P(LocalRanks, AddsDoubles) {
    run_local_ranks(GetParam(), [&](Communicator& ranks) {
        Context context;
        const int n = ranks.size();
        Tensor values = Tensor::empty(context, {2}, DType::f64);
        const double own[2] = {1.0 + 1e-12 * ranks.rank(), 1.0};
        values.copy_from_host(own);
        ranks.all_reduce_sum(values, "values").wait();
        double sums[2];
        values.copy_to_host(sums);
        EXPECT_NEAR(sums[0] - n, 1e-12 * n * (n - 1) / 2, 1e-14);
        EXPECT_EQ(sums[1], n);
    });
}

TEST_P(LocalRanks, ScattersSumsGathersPartsAndBroadcasts) {
    for (const int64_t count : {0, 5, 16, 100, 129}) {
        for (const char* device : test::computing_devices()) {
            run_local_ranks(GetParam(), [&](Communicator& ranks) {
                Context context(device);
                std::vector<float> own;
                for (int64_t i = 0; i < count; ++i) own.push_back(static_cast<float>(i + 1000 * ranks.rank()));
                const float others = static_cast<float>(ranks.size() * (ranks.size() - 1) * 500);
                const RankPart part = rank_part(count, ranks.size(), ranks.rank());
                Tensor values = tensor(context, own);
                ranks.reduce_scatter_sum(values, "sums").wait();
                for (int64_t i = part.begin; i < part.end; ++i) {
                    EXPECT_EQ(values.to_vector()[static_cast<size_t>(i)],
                              static_cast<float>(i * ranks.size()) + others);
                }
                values = tensor(context, own);
                ranks.all_gather(values, "parts").wait();
                for (int owner = 0; owner < ranks.size(); ++owner) {
                    const RankPart theirs = rank_part(count, ranks.size(), owner);
                    for (int64_t i = theirs.begin; i < theirs.end; ++i) {
                        EXPECT_EQ(values.to_vector()[static_cast<size_t>(i)], static_cast<float>(i + 1000 * owner));
                    }
                }
                values = tensor(context, own);
                ranks.broadcast(values, "values").wait();
                for (int64_t i = 0; i < count; ++i) {
                    EXPECT_EQ(values.to_vector()[static_cast<size_t>(i)], static_cast<float>(i));
                }
            });
        }
    }
}

TEST_P(LocalRanks, HearWhatEachHasToSay) {
    run_local_ranks(GetParam(), [&](Communicator& ranks) {
        const std::vector<std::string> all = ranks.gather(std::string(static_cast<size_t>(ranks.rank()), 'x'), "words");
        ASSERT_EQ(std::ssize(all), ranks.size());
        for (size_t rank = 0; rank < all.size(); ++rank) EXPECT_EQ(all[rank].size(), rank);
    });
}

TEST(RankPart, PartsTileEveryCountAtMultiplesOf64Bytes) {
    for (const int64_t count : {0, 1, 16, 17, 1000, 4096}) {
        for (const int ranks : {1, 2, 3, 7, 64}) {
            int64_t place = 0;
            for (int rank = 0; rank < ranks; ++rank) {
                const RankPart part = rank_part(count, ranks, rank);
                EXPECT_EQ(part.begin, place);
                EXPECT_GE(part.size(), 0);
                EXPECT_EQ(part.begin % 16, part.begin == count ? count % 16 : 0);
                place = part.end;
            }
            EXPECT_EQ(place, count);
        }
    }
}

TEST(Together, AFailureOfOneRankEndsAllAndNamesItsRank) {
    std::atomic<int> told{0};
    const auto run = [&] {
        run_local_ranks(3, [&](Communicator& ranks) {
            try {
                together(ranks, "the beginning", [&] {
                    if (ranks.rank() == 1) throw UserError("there is no file");
                });
            } catch (const OtherRankError& error) {
                EXPECT_EQ(error.exit_code(), 2);
                EXPECT_STREQ(error.what(), "rank 1: there is no file");
                ++told;
                throw;
            }
        });
    };
    EXPECT_EQ(message_of<UserError>(run), "there is no file");
    EXPECT_EQ(told, 2);
}

TEST(Together, TheSameFailureOfAllIsToldByRankZero) {
    std::atomic<int> silent{0};
    run_local_ranks(3, [&](Communicator& ranks) {
        try {
            together(ranks, "the beginning", [] { throw Error("the disk is full"); });
            ADD_FAILURE() << "nothing was thrown";
        } catch (const OtherRankError& error) {
            EXPECT_NE(ranks.rank(), 0);
            EXPECT_EQ(error.exit_code(), 1);
            ++silent;
        } catch (const Error&) {
            EXPECT_EQ(ranks.rank(), 0);
        }
    });
    EXPECT_EQ(silent, 2);
}

TEST_P(LocalRanks, SeveralSumsAreUnderWayAtOnceAndAreWaitedForInAnyOrder) {
    run_local_ranks(GetParam(), [&](Communicator& ranks) {
        Context context;
        for (int round = 0; round < 50; ++round) {
            std::vector<Tensor> values;
            std::vector<Communication> sums;
            for (int i = 0; i < 3; ++i) {
                values.push_back(tensor(context, {static_cast<float>(i + 1)}));
                sums.push_back(ranks.all_reduce_sum(values.back(), "values"));
            }
            for (int i = 0; i < 3; ++i) sums[static_cast<size_t>((i + ranks.rank()) % 3)].wait();
            for (int i = 0; i < 3; ++i) {
                EXPECT_EQ(values[static_cast<size_t>(i)].to_vector()[0], static_cast<float>((i + 1) * ranks.size()));
            }
        }
    });
}

TEST_P(LocalRanks, AFailureReachesTheCallerAndHoldsNobodyUp) {
    const int bad = GetParam() - 1;
    std::atomic<int> told{0};
    const auto run = [&] {
        run_local_ranks(GetParam(), [&](Communicator& ranks) {
            Context context;
            if (ranks.rank() == bad) throw UserError("the data of rank " + std::to_string(bad) + " is bad");
            const Tensor value = Tensor::zeros(context, {1});
            try {
                while (true) ranks.all_reduce_sum(value, "values").wait();
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
    const std::string message = message_of<Error>([] {
        run_local_ranks(3, [&](Communicator& ranks) {
            Context context;
            if (ranks.rank() != 1) ranks.all_reduce_sum(Tensor::zeros(context, {0}), "values").wait();
        });
    });
    EXPECT_TRUE(contains(message, "has ended while others wait for it"));
}

TEST(LocalRanksMisuse, ARankThatDoesNotWaitIsAnErrorOfTheOthers) {
    const std::string message = message_of<Error>([] {
        run_local_ranks(2, [&](Communicator& ranks) {
            Context context;
            const Tensor value = Tensor::zeros(context, {1});
            if (ranks.rank() == 1) {
                ranks.all_reduce_sum(value, "values");
                return;
            }
            ranks.all_reduce_sum(value, "values").wait();
            ranks.all_reduce_sum(value, "values").wait();
        });
    });
    EXPECT_TRUE(contains(message, "rank 1 has ended"));
}

TEST(LocalRanksMisuse, DifferentSumsAreAnErrorOnEveryRank) {
    std::atomic<int> told{0};
    const auto run = [&] {
        run_local_ranks(3, [&](Communicator& ranks) {
            Context context;
            const Tensor values = Tensor::zeros(context, {ranks.rank() == 2 ? 9 : 10});
            try {
                ranks.all_reduce_sum(values, "values").wait();
            } catch (const Error&) {
                ++told;
                EXPECT_THROW(ranks.all_reduce_sum(values, "values"), Error) << "the ranks are no longer in step";
                throw;
            }
        });
    };
    EXPECT_TRUE(contains(message_of<Error>(run),
                         "the ranks disagree: rank 0 adds up values, 10 f32, rank 2 adds up values, 9 f32"));
    EXPECT_EQ(told, 3);
}

TEST(LocalRanksMisuse, IntegersAreNotAddedUp) {
    Context context;
    const auto run = [&] {
        run_local_ranks(
            1, [&](Communicator& ranks) { ranks.all_reduce_sum(Tensor::zeros(context, {1}, DType::i32), "values"); });
    };
    EXPECT_TRUE(contains(message_of<Error>(run), "expected values, which ranks exchange, to be f32 or f64, got i32"));
}

TEST(LocalRanksMisuse, NoRanks) {
    EXPECT_THROW(run_local_ranks(0, [](Communicator&) {}), Error);
}

}  // namespace
}  // namespace heed::communicator_test
