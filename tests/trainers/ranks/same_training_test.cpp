#include "heed/trainers/ranks/same_training.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/module/linear.h"
#include "heed/core/ranks/local_ranks.h"
#include "heed/core/ranks/other_rank_error.h"
#include "heed/tests/support/message_of.h"
#include "heed/trainers/recipe/recipe_spec.h"

namespace heed::test::same_training_test {
namespace {

/// What rank 0 of two refuses; empty where nothing is wrong.
std::string refusal(const std::function<void(Communicator&)>& check) {
    std::string text;
    run_local_ranks(2, [&](Communicator& ranks) {
        try {
            check(ranks);
        } catch (const OtherRankError&) {
            EXPECT_EQ(1, ranks.rank());
        } catch (const UserError& error) {
            EXPECT_EQ(0, ranks.rank());
            text = error.what();
        }
    });
    return text;
}

TEST(SameTraining, ProgramsAndRecipesAreCompared) {
    const auto recipe = [](const std::string& setting) {
        return parse_recipe(recipe_spec(), "model: {type: vit}\ndata: {name: mnist}\n", "r.yaml", {setting});
    };
    const auto with = [&](const std::string& first, const std::string& second, const std::string& commit = "abc") {
        return refusal([&](Communicator& ranks) {
            const bool is_first = ranks.rank() == 0;
            check_same_recipe(ranks, recipe(is_first ? first : second), is_first ? "abc" : commit);
        });
    };
    EXPECT_EQ("", with("threads=1", "threads=2"));
    EXPECT_EQ("expected all ranks to train the same: train.seed is 4 on rank 0 and 5 on rank 1",
              with("train.seed=4", "train.seed=5"));
    EXPECT_EQ("expected all ranks to train the same: the commit of heed is abc on rank 0 and def on rank 1",
              with("train.seed=4", "train.seed=4", "def"));
}

TEST(SameTraining, WeightsAndTeachersAreCompared) {
    const auto with = [](float second_weight, const std::string& second_teacher) {
        return refusal([&](Communicator& ranks) {
            Context context;
            Linear layer(2, 3, false);
            ParameterStore store(context, layer, 1);
            const bool is_first = ranks.rank() == 0;
            Tensor values = store.groups()[0].values;
            const std::vector<float> filled(static_cast<size_t>(values.elements()), is_first ? 1.0f : second_weight);
            values.copy_from_host(filled.data());
            check_same_weights(ranks, store, is_first ? "" : second_teacher, 5);
        });
    };
    EXPECT_EQ("", with(1.0f, ""));
    EXPECT_TRUE(contains(with(2.0f, ""), "expected all ranks to start alike: the checksum of the weights is "));
    EXPECT_EQ("expected all ranks to start alike: the checksum of the teacher is none on rank 0 and 12ab on rank 1",
              with(1.0f, "12ab"));
}

}  // namespace
}  // namespace heed::test::same_training_test
