#include "heed/trainers/answers/class_table.h"

#include <gtest/gtest.h>

namespace heed::class_table_test {
namespace {

TEST(ClassTable, QuotesWhatWouldNotComeBack) {
    for (const char* plain : {"word", "two words", "it's", "a;b", "tab\there", "ñandú"}) {
        EXPECT_EQ(csv_field(plain), plain);
    }
    EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
    EXPECT_EQ(csv_field("say \"yes\""), "\"say \"\"yes\"\"\"");
    EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
    EXPECT_EQ(csv_field("return\r"), "\"return\r\"");
    EXPECT_EQ(csv_field(" outer "), "\" outer \"");
    EXPECT_EQ(csv_field(""), "\"\"") << "an empty line is no record";
}

TEST(ClassTable, HasTheClassAndAllProbabilities) {
    const std::vector<std::string> classes = {"cat", "dog, big"};
    const ClassTable table(classes, "");
    EXPECT_EQ(table.header({"file", "truth"}), "file,truth,class,probability,P(cat),\"P(dog, big)\"\n");
    const float probabilities[] = {0.25f, 0.75f};
    EXPECT_EQ(table.row({"a.png", "cat"}, probabilities), "a.png,cat,\"dog, big\",0.75,0.25,0.75\n");
}

TEST(ClassTable, HasAllLabelsAboveOneHalf) {
    const std::vector<std::string> labels = {"red", "green", "blue"};
    const ClassTable table(labels, "|");
    EXPECT_EQ(table.header({"text"}), "text,classes,P(red),P(green),P(blue)\n");
    const float some[] = {0.75f, 0.25f, 0.875f}, none[] = {0.5f, 0.25f, 0};
    EXPECT_EQ(table.row({"x"}, some), "x,red|blue,0.75,0.25,0.875\n");
    EXPECT_EQ(table.row({"x"}, none), "x,\"\",0.5,0.25,0\n");
}

}  // namespace
}  // namespace heed::class_table_test
