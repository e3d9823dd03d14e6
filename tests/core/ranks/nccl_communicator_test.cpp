// ctest: cuda
// ctest: emulation
#include "heed/core/cuda/nccl/nccl_communicator.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "heed/core/cuda/cuda_device.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ranks/local_ranks.h"
#include "heed/core/ranks/other_rank_error.h"
#include "heed/tests/cuda_emulation/fake_nccl.h"
#include "heed/tests/cuda_emulation/machine.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::nccl_communicator_test {
namespace {

using cuda_emulation::FakeNccl;
using Call = FakeNccl::Call;

class NcclCommunicatorTest : public testing::TestWithParam<int> {
protected:
    void SetUp() override {
        if (!make_nccl_communicator) GTEST_SKIP() << "built without the emulation of CUDA";
        cuda_emulation::machine().cards = 8;
    }
    void TearDown() override { cuda_emulation::machine() = {}; }
};

using RankWork = std::function<void(Communicator& ranks, Communicator& hosts, Context& context)>;

/// Each rank is a thread with a card of its own; `timeout` in seconds.
void run_ranks(int count, const FakeNccl& nccl, const RankWork& work, double timeout = 60) {
    run_local_ranks(count, [&](Communicator& hosts) {
        use_cuda_card(hosts.rank());
        Context context("cuda");
        const std::unique_ptr<Communicator> ranks = make_nccl_communicator(hosts, nccl.library(), timeout);
        work(*ranks, hosts, context);
    });
}

Tensor numbered(Context& context, int64_t count, int rank) {
    std::vector<float> values;
    for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i + 1000 * rank));
    return Tensor::from_host(context, {count}, values);
}

INSTANTIATE_TEST_SUITE_P(Ranks, NcclCommunicatorTest, testing::Values(2, 3, 5));

TEST_P(NcclCommunicatorTest, SumsScattersGathersAndBroadcastsOnTheCardInOneOrder) {
    const int n = GetParam();
    for (const int64_t count : {int64_t{1}, int64_t{5}, int64_t{16}, int64_t{100}, int64_t{64} * n}) {
        FakeNccl nccl(n);
        run_ranks(n, nccl, [&](Communicator& ranks, Communicator&, Context& context) {
            const auto others = static_cast<float>(n * (n - 1) * 500);
            const RankPart part = rank_part(count, n, ranks.rank());
            Tensor values = numbered(context, count, ranks.rank());
            ranks.all_reduce_sum(values, "values").wait();
            std::vector<float> result = values.to_vector();
            for (int64_t i = 0; i < count; ++i) {
                EXPECT_EQ(result[static_cast<size_t>(i)], static_cast<float>(i * n) + others);
            }
            values = numbered(context, count, ranks.rank());
            ranks.reduce_scatter_sum(values, "values").wait();
            result = values.to_vector();
            for (int64_t i = part.begin; i < part.end; ++i) {
                EXPECT_EQ(result[static_cast<size_t>(i)], static_cast<float>(i * n) + others);
            }
            values = numbered(context, count, ranks.rank());
            ranks.all_gather(values, "values").wait();
            result = values.to_vector();
            for (int owner = 0; owner < n; ++owner) {
                const RankPart theirs = rank_part(count, n, owner);
                for (int64_t i = theirs.begin; i < theirs.end; ++i) {
                    EXPECT_EQ(result[static_cast<size_t>(i)], static_cast<float>(i + 1000 * owner));
                }
            }
            values = numbered(context, count, ranks.rank());
            ranks.broadcast(values, "values").wait();
            EXPECT_EQ(values.to_vector(), numbered(context, count, 0).to_vector());
        });
        for (int rank = 1; rank < n; ++rank) EXPECT_EQ(nccl.calls(rank), nccl.calls(0));
        EXPECT_EQ(nccl.calls(0).front(), (Call{"AllReduce", static_cast<size_t>(count)}));
        EXPECT_EQ(nccl.calls(0).back(), (Call{"Broadcast", static_cast<size_t>(count), 0}));
        EXPECT_EQ(nccl.destroyed(), n);
        EXPECT_EQ(nccl.aborted(), 0);
        if (count == 64 * n) {
            EXPECT_EQ(nccl.calls(0).size(), 4u);
            EXPECT_EQ(nccl.calls(0)[1], (Call{"ReduceScatter", 64}));
            EXPECT_EQ(nccl.calls(0)[2], (Call{"AllGather", 64}));
        }
    }
}

TEST_F(NcclCommunicatorTest, PartsOfUnequalSizeAreOneOperationForEachOwner) {
    FakeNccl nccl(2);
    run_ranks(2, nccl, [&](Communicator& ranks, Communicator&, Context& context) {
        ranks.reduce_scatter_sum(numbered(context, 40, ranks.rank()), "values").wait();
        ranks.all_gather(numbered(context, 40, ranks.rank()), "values").wait();
    });
    EXPECT_EQ(nccl.calls(0),
              (std::vector<Call>{{"Reduce", 16, 0}, {"Reduce", 24, 1}, {"Broadcast", 16, 0}, {"Broadcast", 24, 1}}));
}

TEST_F(NcclCommunicatorTest, OtherTensorsAndBytesGoByTheHosts) {
    FakeNccl nccl(2);
    run_ranks(2, nccl, [&](Communicator& ranks, Communicator&, Context& context) {
        Tensor doubles = Tensor::empty(context, {1}, DType::f64);
        const double own = 1 + ranks.rank();
        doubles.copy_from_host(&own);
        ranks.all_reduce_sum(doubles, "counts").wait();
        double sum = 0;
        doubles.copy_to_host(&sum);
        EXPECT_EQ(sum, 3);
        Context host;
        Tensor values = numbered(host, 3, ranks.rank());
        ranks.broadcast(values, "values").wait();
        EXPECT_EQ(values.to_vector(), (std::vector<float>{0, 1, 2}));
        ranks.all_reduce_sum(Tensor::empty(context, {0}), "nothing").wait();
        EXPECT_EQ(ranks.gather(std::to_string(ranks.rank()), "words"), (std::vector<std::string>{"0", "1"}));
    });
    EXPECT_EQ(nccl.calls(0).size(), 0u);
}

TEST_F(NcclCommunicatorTest, TheCardGoesOnWithOtherWorkUntilSumsAreWaitedForInAnyOrder) {
    FakeNccl nccl(2);
    nccl.hold();
    run_ranks(2, nccl, [&](Communicator& ranks, Communicator& hosts, Context& context) {
        const Tensor first = numbered(context, 3, ranks.rank()), second = numbered(context, 2, ranks.rank());
        Communication sum_of_first = ranks.all_reduce_sum(first, "values");
        Communication sum_of_second = ranks.all_reduce_sum(second, "values");
        EXPECT_EQ(numbered(context, 2, 5).to_vector(), (std::vector<float>{5000, 5001}));
        hosts.gather("", "all have come so far");
        for (int turn = 0; turn < 10; ++turn) ranks.progress();
        EXPECT_FALSE(sum_of_first.complete());
        hosts.gather("", "all have looked");
        if (ranks.rank() == 0) nccl.release();
        sum_of_second.wait();
        EXPECT_TRUE(sum_of_first.complete()) << "they end in the order of their start";
        sum_of_first.wait();
        EXPECT_EQ(first.to_vector(), (std::vector<float>{1000, 1002, 1004}));
        EXPECT_EQ(second.to_vector(), (std::vector<float>{1000, 1002}));
    });
}

TEST_F(NcclCommunicatorTest, ACallThatIsRefusedNamesRankAndCollectiveAndEndsAll) {
    FakeNccl nccl(3);
    nccl.refuse_next(1);
    std::atomic<int> others{0};
    const auto run = [&] {
        run_ranks(3, nccl, [&](Communicator& ranks, Communicator&, Context& context) {
            try {
                ranks.reduce_scatter_sum(numbered(context, 96, ranks.rank()), "the gradients").wait();
            } catch (const OtherRankError&) {
                ++others;
                throw;
            }
        });
    };
    EXPECT_EQ(message_of<Error>(run),
              "NCCL: the reduce-scatter of the gradients fails on rank 1: invalid argument (it was told to)");
    EXPECT_EQ(others, 2);
    EXPECT_EQ(nccl.aborted(), 3);
    EXPECT_EQ(nccl.destroyed(), 0);
}

TEST_F(NcclCommunicatorTest, ACallThatIsRefusedAmongThoseOfManyOwnersIsAnError) {
    FakeNccl nccl(2);
    nccl.refuse_next(1);
    const auto run = [&] {
        run_ranks(2, nccl, [&](Communicator& ranks, Communicator&, Context& context) {
            ranks.all_gather(numbered(context, 40, ranks.rank()), "the weights").wait();
        });
    };
    EXPECT_TRUE(contains(message_of<Error>(run), "NCCL: the all-gather of the weights fails on rank 1"));
}

TEST_F(NcclCommunicatorTest, ALinkThatBreaksIsAnErrorOfWhoWaits) {
    FakeNccl nccl(2);
    nccl.hold();
    std::atomic<bool> told{false};
    const auto run = [&] {
        run_ranks(2, nccl, [&](Communicator& ranks, Communicator&, Context& context) {
            const Tensor values = numbered(context, 4, ranks.rank());
            Communication sum = ranks.all_reduce_sum(values, "the gradients");
            if (ranks.rank() == 0) {
                nccl.break_link(0);
                try {
                    sum.wait();
                } catch (const Error&) {
                    told = true;
                    EXPECT_TRUE(contains(message_of<Error>([&] { ranks.all_reduce_sum(values, "the gradients"); }),
                                         "NCCL: the all-reduce of the gradients comes after an error"));
                    throw;
                }
            }
            while (!told) std::this_thread::yield();
            sum.wait();
        });
    };
    EXPECT_TRUE(contains(message_of<Error>(run),
                         "NCCL: the all-reduce of the gradients fails on rank 0: remote process exited or there was a "
                         "network error"));
    EXPECT_EQ(nccl.aborted(), 2);
}

TEST_F(NcclCommunicatorTest, ARankThatDoesNotComeIsAnErrorAfterTheTimeout) {
    FakeNccl nccl(2);
    std::atomic<bool> told{false};
    const auto run = [&] {
        run_ranks(
            2, nccl,
            [&](Communicator& ranks, Communicator&, Context& context) {
                if (ranks.rank() == 1) {
                    while (!told) std::this_thread::yield();
                    return;
                }
                const auto start = std::chrono::steady_clock::now();
                ranks.set_timeout(0.25);
                try {
                    ranks.all_reduce_sum(numbered(context, 4, 0), "the gradients").wait();
                } catch (const Error&) {
                    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(250));
                    told = true;
                    throw;
                }
            },
            60);
    };
    EXPECT_EQ(message_of<Error>(run),
              "NCCL: the all-reduce of the gradients has not ended on rank 0 within the 0.25 s of train.rank_timeout: "
              "another rank has not come to it, or is out of reach");
    EXPECT_GE(nccl.aborted(), 1);
}

TEST_F(NcclCommunicatorTest, ARankThatEndsIsNoticedByThoseThatWait) {
    FakeNccl nccl(2);
    const auto run = [&] {
        run_ranks(2, nccl, [&](Communicator& ranks, Communicator&, Context& context) {
            if (ranks.rank() == 1) throw UserError("the data of rank 1 are bad");
            ranks.all_reduce_sum(numbered(context, 4, 0), "the gradients").wait();
        });
    };
    EXPECT_EQ(message_of<UserError>(run), "the data of rank 1 are bad");
    EXPECT_EQ(nccl.aborted(), 2);
}

TEST_F(NcclCommunicatorTest, WhoDoesNotWaitForAnOperationEndsIt) {
    FakeNccl nccl(2);
    run_ranks(2, nccl, [&](Communicator& ranks, Communicator&, Context& context) {
        const Tensor values = numbered(context, 4, ranks.rank());
        ranks.all_reduce_sum(values, "the gradients");
        EXPECT_THROW(ranks.all_reduce_sum(values, "the gradients"), Error);
    });
    EXPECT_EQ(nccl.aborted(), 2);
}

TEST_F(NcclCommunicatorTest, ABeginningThatFailsIsAnErrorOfAll) {
    const auto nothing = [](Communicator&, Communicator&, Context&) {};
    FakeNccl nccl(2);
    nccl.break_bootstrap();
    EXPECT_TRUE(contains(message_of<Error>([&] { run_ranks(2, nccl, nothing); }),
                         "NCCL: making an identifier fails on rank 0: remote process exited"));
    const auto on_one_card = [&] {
        FakeNccl other(2);
        run_local_ranks(2, [&](Communicator& hosts) {
            Context context("cuda");
            make_nccl_communicator(hosts, other.library(), 60);
        });
    };
    EXPECT_TRUE(contains(message_of<Error>(on_one_card), "(two ranks use one card)"));
}

TEST_F(NcclCommunicatorTest, TheLibraryOfThisMachineHasAllThatIsCalled) {
    const cuda::NcclLibrary& library = cuda::nccl_library();
    if (library.missing.empty()) {
        EXPECT_TRUE(begins_with(library.name(), "NCCL 2."));
    } else {
        EXPECT_EQ(library.name(), "none (no libnccl.so.2)");
    }
}

}  // namespace
}  // namespace heed::test::nccl_communicator_test
