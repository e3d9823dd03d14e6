// ctest: cuda
// ctest: emulation
#include "heed/core/ranks/card_ranks.h"

#include <gtest/gtest.h>

#include <atomic>

#include "heed/core/cuda/cuda_device.h"
#include "heed/core/error.h"
#include "heed/core/ranks/local_ranks.h"
#include "heed/tests/cuda_emulation/machine.h"
#include "heed/tests/cuda_emulation/runtime_api.h"
#include "heed/tests/support/environment.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::card_ranks_test {
namespace {

using Chosen = std::vector<int>;

TEST(ShareCards, RanksOfAMachineTakeItsCardsInTheirOrder) {
    EXPECT_EQ(share_cards({{"a", {"1", "2"}}, {"a", {"1", "2"}}, {"b", {"1", "2"}}}), (Chosen{0, 1, 0}));
}

TEST(ShareCards, ARankWithACardThatIsHiddenFromOthersTakesThat) {
    EXPECT_EQ(share_cards({{"a", {"1"}}, {"a", {"2"}}, {"a", {"1", "2", "3"}}}), (Chosen{0, 0, 2}));
}

TEST(ShareCards, TooFewAreAnErrorUnlessTheyMayBeShared) {
    const std::vector<std::string> two = {"1", "2"};
    EXPECT_EQ(message_of<UserError>([&] {
                  share_cards({{"a", two}, {"a", two}, {"a", two}, {"b", two}});
              }),
              "device=cuda: expected a card for each of the 3 processes on a, which may use 2; HEED_NCCL=off in the "
              "environment lets processes share a card");
    EXPECT_EQ(share_cards({{"a", two, true}, {"a", two, true}, {"a", two, true}, {"a", two, true}}),
              (Chosen{0, 1, 0, 1}));
}

TEST(ShareCards, WithoutAnyCardTheDeviceTellsWhatIsMissing) {
    EXPECT_EQ(share_cards({{"a", {}}, {"a", {}}}), (Chosen{0, 0}));
}

class TakeCard : public testing::Test {
protected:
    void SetUp() override {
        if (!cuda_cards) GTEST_SKIP() << "built without the emulation of CUDA";
    }
    void TearDown() override { cuda_emulation::machine() = {}; }
};

/// The current card of each of three ranks.
Chosen taken_cards() {
    Chosen cards(3, -1);
    run_local_ranks(3, [&](Communicator& ranks) {
        take_card(ranks);
        cudaGetDevice(&cards[static_cast<size_t>(ranks.rank())]);
    });
    return cards;
}

TEST_F(TakeCard, GivesEachRankACardOfItsOwn) {
    cuda_emulation::machine().cards = 4;
    EXPECT_EQ(taken_cards(), (Chosen{0, 1, 2}));
    cuda_emulation::machine().driver_version = 0;
    EXPECT_EQ(taken_cards(), (Chosen{0, 0, 0}));
}

TEST_F(TakeCard, TooFewCardsAreToldUnlessTheyAreShared) {
    cuda_emulation::machine().cards = 2;
    const std::string refusal = message_of<UserError>([] { taken_cards(); });
    EXPECT_TRUE(begins_with(refusal, "device=cuda: expected a card for each of the 3 processes on ")) << refusal;
    EXPECT_TRUE(contains(refusal, ", which may use 2;"));
    const Environment off("HEED_NCCL", "off");
    EXPECT_EQ(taken_cards(), (Chosen{0, 1, 0}));
}

TEST_F(TakeCard, ASwitchThatIsNeitherOnNorOffIsToldBeforeAnyWork) {
    const Environment wrong("HEED_NCCL", "no");
    EXPECT_EQ(message_of<UserError>([] { taken_cards(); }),
              "The environment variable HEED_NCCL must be on or off, but it is 'no'.");
}

TEST_F(TakeCard, WithoutNcclAndForExactSumsCardsAreJoinedThroughTheHosts) {
    const Environment off("HEED_NCCL", "off");
    std::atomic<int> joined{0};
    run_local_ranks(2, [&](Communicator& hosts) {
        const CardExchange plain = join_cards(hosts, 60, false), exact = join_cards(hosts, 60, true);
        EXPECT_EQ(plain.line, "tensors of the cards are exchanged through memory of the host: HEED_NCCL=off");
        EXPECT_EQ(exact.line,
                  "tensors of the cards are exchanged through memory of the host: train.exact_reduce has an order of "
                  "sums of its own");
        joined += plain.cards || exact.cards ? 0 : 1;
    });
    EXPECT_EQ(joined, 2);
    SelfCommunicator alone;
    EXPECT_EQ(join_cards(alone, 60, false).line, "");
}

}  // namespace
}  // namespace heed::test::card_ranks_test
