#include "heed/trainers/recipe/attention_settings.h"

#include <gtest/gtest.h>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::attention_settings_test {
namespace {

TEST(AttentionSettings, AreReadWithTheOthersAsByDefault) {
    const AttentionSettings given = read_attention_settings("smyrf cluster=16  rounds=4");
    EXPECT_EQ(given.text(), "smyrf bias=true dropout=0 rounds=4 cluster=16 block=64");
    EXPECT_EQ(read_attention_settings(given.text()), given);
    const AttentionSettings usual = read_attention_settings("smyrf");
    EXPECT_NE(usual, given);
    EXPECT_EQ(settings_unlike(given, usual), "rounds=4, cluster=16");
    EXPECT_EQ(settings_unlike(usual, given), "rounds=2, cluster=32");
    EXPECT_EQ(settings_unlike(given, given), "");
    EXPECT_EQ(read_attention_settings("smyrf dropout=0.10").text(), read_attention_settings("smyrf dropout=0.1").text())
        << "one text for a value";
    EXPECT_EQ(read_attention_settings("none").text(), "none");
}

TEST(AttentionSettings, RefuseWhatATypeCannotHave) {
    const auto refusal = [](const char* text) { return message_of<UserError>([&] { read_attention_settings(text); }); };
    EXPECT_TRUE(contains(refusal("smirf"), "did you mean smyrf?"));
    EXPECT_TRUE(contains(refusal("sdpa cluster=16"), "sdpa has no setting \"cluster\""));
    EXPECT_TRUE(contains(refusal("smyrf clsuter=16"), "did you mean cluster?"));
    EXPECT_TRUE(contains(refusal("smyrf cluster=0"), "cluster of smyrf expects a whole number from 1"));
    EXPECT_TRUE(contains(refusal("smyrf cluster=16 cluster=16"), "cluster of smyrf is given twice"));
    EXPECT_TRUE(contains(refusal("smyrf cluster"), "expected name=value behind smyrf, got \"cluster\""));
    EXPECT_TRUE(contains(refusal(" "), "expected an attention type, got nothing"));
}

}  // namespace
}  // namespace heed::test::attention_settings_test
