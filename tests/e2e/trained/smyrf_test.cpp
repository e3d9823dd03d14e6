#include <gtest/gtest.h>

#include <numeric>

#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::smyrf_test {
namespace {

/// 17 tokens in 5 clusters.
std::vector<std::string> clustered(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"model.patch=2", "attention.type=smyrf", "attention.cluster=4"});
    return more;
}

TEST(Smyrf, TrainsSaysWhatItComputesAndGivesTheSameTwice) {
    const TinyTraining tiny;
    const ProgramResult result = tiny.train("run", clustered({"train.epochs=6"}));
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "smyrf computes")) << result.errors;
    EXPECT_TRUE(contains(tiny.file("run/log.txt"), "of the scores for 17 tokens: 5 clusters in 2 rounds"));
    const std::vector<double> losses = tiny.losses("run");
    ASSERT_EQ(losses.size(), 54U);
    EXPECT_LT(std::accumulate(losses.end() - 9, losses.end(), 0.0) / 9, 0.8 * losses.front());
    ASSERT_EQ(tiny.train("again", clustered({"train.epochs=6"})).code, 0);
    EXPECT_EQ(tiny.last_checkpoint("run"), tiny.last_checkpoint("again"));
}

TEST(Smyrf, AccumulatedBatchesAreOneBatch) {
    const TinyTraining tiny;
    ASSERT_EQ(tiny.train("whole", clustered({"train.epochs=1"})).code, 0);
    ASSERT_EQ(tiny.train("halves", clustered({"train.epochs=1", "data.batch=5", "train.accumulate=2"})).code, 0);
    const std::vector<double> whole = tiny.losses("whole"), halves = tiny.losses("halves");
    ASSERT_EQ(whole.size(), halves.size());
    // Other roundings may swap two sorted tokens later on.
    EXPECT_CLOSE(whole[0], halves[0], 1e-5);
    EXPECT_CLOSE(whole[1], halves[1], 1e-2);
}

TEST(Smyrf, CheckTellsItsShareOfTheScoresAndWhereItIsSdpa) {
    const TinyTraining tiny;
    write_text(tiny.folder / "digits.yaml",
               "model: {type: vit, dim: 16, depth: 1, heads: 2, mlp_dim: 16, patch: 7}\n"
               "data: {name: mnist}\n"
               "attention: {type: smyrf}\n");
    const auto check = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"check", "digits.yaml"});
        return tiny.run(more);
    };
    const ProgramResult several = check({"attention.cluster=4"});
    ASSERT_EQ(several.code, 0) << several.errors;
    EXPECT_TRUE(contains(several.output, "of the scores for 17 tokens: 5 clusters in 2 rounds"));
    const ProgramResult one = check({});
    ASSERT_EQ(one.code, 0) << one.errors;
    EXPECT_TRUE(contains(one.output, "smyrf is the same as sdpa for 17 tokens"));
    expect_error(check({"attention.cluster=0"}), 2, "attention.cluster");
    expect_error(check({"attention.round=3"}), 2, "attention.rounds");
    expect_error(check({"attention.type=smirf"}), 2, "smyrf");
}

}  // namespace
}  // namespace heed::test::smyrf_test
