#include "heed/trainers/metrics/python_text.h"

#include <gtest/gtest.h>

namespace heed::python_text_test {
namespace {

TEST(PythonText, DecodesEveryLengthOfSequence) {
    EXPECT_EQ(python_text("a\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"),
              (std::u32string{U'a', 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0x10000, 0x10FFFF}));
    EXPECT_EQ(python_text(std::string_view("\0", 1)), std::u32string(1, U'\0'));
}

TEST(PythonText, BytesOutsideOfSequencesStandForThemselves) {
    EXPECT_EQ(python_text("\xFF"), (std::u32string{0xDCFF}));
    EXPECT_EQ(python_text("\x80 \xA0"), (std::u32string{0xDC80, U' ', 0xDCA0}));
    EXPECT_EQ(python_text("\xC0\x80"), (std::u32string{0xDCC0, 0xDC80}));              // overlong
    EXPECT_EQ(python_text("\xE0\x9F\xBF"), (std::u32string{0xDCE0, 0xDC9F, 0xDCBF}));  // overlong
    EXPECT_EQ(python_text("\xED\xA0\x80"), (std::u32string{0xDCED, 0xDCA0, 0xDC80}));  // surrogate
    EXPECT_EQ(python_text("\xF4\x90\x80\x80").size(), 4u);                             // above U+10FFFF
    EXPECT_EQ(python_text("\xE2\x82"), (std::u32string{0xDCE2, 0xDC82}));              // cut short at the end
    EXPECT_EQ(python_text("\xE2\x82x"), (std::u32string{0xDCE2, 0xDC82, U'x'}));       // and before a letter
    EXPECT_EQ(python_text("\xF0\x9F\x98\xC3\xA9"), (std::u32string{0xDCF0, 0xDC9F, 0xDC98, U'é'}));
}

TEST(PythonText, KnowsThe29SpacesOfPython) {
    int spaces = 0;
    for (char32_t c = 0; c <= 0x10FFFF; ++c) spaces += is_python_space(c);
    EXPECT_EQ(spaces, 29);
    for (char32_t c : std::u32string_view(
             U"\t\n\v\f\r\x1c\x1d\x1e\x1f \u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000")) {
        EXPECT_TRUE(is_python_space(c)) << static_cast<uint32_t>(c);
    }
    for (char32_t c : std::u32string_view(U"\u0008\u000e\u001b\u180e\u200b\u2060\ufeff")) {
        EXPECT_FALSE(is_python_space(c)) << static_cast<uint32_t>(c);
    }
}

TEST(PythonText, SplitsAtRunsOfSpace) {
    EXPECT_EQ(python_split(U" \u3000a\u00a0\tbc\n"), (std::vector<std::u32string_view>{U"a", U"bc"}));
    EXPECT_TRUE(python_split(U"").empty());
    EXPECT_TRUE(python_split(U" \u2003").empty());
    EXPECT_EQ(python_rstrip(U" a \u2003\n"), U" a");
    EXPECT_EQ(python_rstrip(U" \n"), U"");
}

}  // namespace
}  // namespace heed::python_text_test
