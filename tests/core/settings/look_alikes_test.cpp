#include "heed/core/settings/look_alikes.h"

#include <gtest/gtest.h>

#include "heed/core/settings/nearest_name.h"

namespace heed::look_alikes_test {
namespace {

TEST(LookAlikes, BecomeWhatPlainKeysWouldHaveTyped) {
    EXPECT_EQ(ascii_twin("optimizer"), "optimizer");
    EXPECT_EQ(ascii_twin("Lr-1"), "lr-1");
    EXPECT_EQ(ascii_twin("оptіmіzеr"), "optimizer");       // Cyrillic
    EXPECT_EQ(ascii_twin("ο\u03c1timizer"), "optimizer");  // Greek
    EXPECT_EQ(ascii_twin("ＴＲＡＩＮ"), "train");
    EXPECT_EQ(ascii_twin("modèl"), "model");
    EXPECT_EQ(ascii_twin("“cpu”"), "cpu");
    EXPECT_EQ(ascii_twin("1e−3"), "1e-3");
    EXPECT_EQ(ascii_twin("\u00a01\u00a0"), "1");
    EXPECT_EQ(ascii_twin("epo\u200bchs"), "epochs");
    EXPECT_EQ(ascii_twin("日本"), "日本");
    EXPECT_EQ(ascii_twin("\xff"), "\xff");
    EXPECT_EQ(ascii_twin(""), "");
}

TEST(LookAlikes, AreNamed) {
    EXPECT_EQ(foreign_character("optimizer"), "");
    EXPECT_EQ(foreign_character("оptimizer"), ", whose \"о\" is U+043E");
    EXPECT_EQ(foreign_character("a\u200b"), ", which holds an invisible character (U+200B)");
    EXPECT_EQ(blank_look_alike("\u00a0x"), "a no-break space (U+00A0)");
    EXPECT_EQ(blank_look_alike("\u3000"), "a space of another width (U+3000)");
    EXPECT_EQ(blank_look_alike("\ufeffx"), "an invisible character (U+FEFF)");
    EXPECT_EQ(blank_look_alike(" x"), "");
    EXPECT_EQ(blank_look_alike("é"), "");
    EXPECT_EQ(blank_look_alike(""), "");
    EXPECT_EQ(blank_look_alike_at_end("x\u00a0"), "a no-break space (U+00A0)");
    EXPECT_EQ(blank_look_alike_at_end("\u00a0x"), "");
    EXPECT_EQ(blank_look_alike_at_end(""), "");
}

TEST(NearestName, SeesThroughLookAlikes) {
    const std::vector<std::string> keys = {"model", "lr", "train", "optimizer"};
    EXPECT_EQ(nearest_name("оptіmіzеr", keys), "optimizer");
    EXPECT_EQ(nearest_name("lг", keys), "lr");
    EXPECT_EQ(nearest_name("ｔｒａｉｎ", keys), "train");
    EXPECT_EQ(nearest_name("mоdè1", keys), "model");
    EXPECT_EQ(nearest_name("日本", keys), "");
}

}  // namespace
}  // namespace heed::look_alikes_test
