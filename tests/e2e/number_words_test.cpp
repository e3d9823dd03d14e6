#include "heed/tests/support/number_words.h"

#include <gtest/gtest.h>

#include <set>

namespace heed::test::number_words_test {
namespace {

struct Example {
    int64_t number;
    const char* english;
    const char* spanish;
};

// Written by hand.
constexpr Example examples[] = {
    {0, "zero", "cero"},
    {1, "one", "uno"},
    {15, "fifteen", "quince"},
    {16, "sixteen", "dieciséis"},
    {20, "twenty", "veinte"},
    {21, "twenty-one", "veintiuno"},
    {22, "twenty-two", "veintidós"},
    {23, "twenty-three", "veintitrés"},
    {26, "twenty-six", "veintiséis"},
    {30, "thirty", "treinta"},
    {31, "thirty-one", "treinta y uno"},
    {99, "ninety-nine", "noventa y nueve"},
    {100, "one hundred", "cien"},
    {101, "one hundred one", "ciento uno"},
    {500, "five hundred", "quinientos"},
    {700, "seven hundred", "setecientos"},
    {976, "nine hundred seventy-six", "novecientos setenta y seis"},
    {1000, "one thousand", "mil"},
    {1001, "one thousand one", "mil uno"},
    {1100, "one thousand one hundred", "mil cien"},
    {2016, "two thousand sixteen", "dos mil dieciséis"},
    {21000, "twenty-one thousand", "veintiún mil"},
    {21021, "twenty-one thousand twenty-one", "veintiún mil veintiuno"},
    {31000, "thirty-one thousand", "treinta y un mil"},
    {100000, "one hundred thousand", "cien mil"},
    {101000, "one hundred one thousand", "ciento un mil"},
    {101101, "one hundred one thousand one hundred one", "ciento un mil ciento uno"},
    {200121, "two hundred thousand one hundred twenty-one", "doscientos mil ciento veintiuno"},
    {521531, "five hundred twenty-one thousand five hundred thirty-one",
     "quinientos veintiún mil quinientos treinta y uno"},
    {999999, "nine hundred ninety-nine thousand nine hundred ninety-nine",
     "novecientos noventa y nueve mil novecientos noventa y nueve"},
};

TEST(NumberWords, AreThoseOfTheLanguages) {
    for (const Example& example : examples) {
        EXPECT_EQ(english_number(example.number), example.english);
        EXPECT_EQ(spanish_number(example.number), example.spanish);
    }
}

TEST(NumberWords, NoTwoNumbersAreWrittenAlike) {
    std::set<std::string> english, spanish;
    int64_t count = 0;
    for (int64_t number = 0; number < 1000000; number += number < 2200 ? 1 : 97, ++count) {
        english.insert(english_number(number));
        spanish.insert(spanish_number(number));
    }
    EXPECT_EQ(std::ssize(english), count);
    EXPECT_EQ(std::ssize(spanish), count);
}

}  // namespace
}  // namespace heed::test::number_words_test
