#include "heed/trainers/recipe/yaml/yaml_faults.h"

#include <gtest/gtest.h>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/trainers/recipe/yaml/yaml_reader.h"

namespace heed::yaml_faults_test {
namespace {

std::string fault_of(const std::string& text) {
    return test::message_of<UserError>([&] { read_yaml(text, "r"); });
}

TEST(YamlFaults, SecondColons) {
    const std::string advice = " (a text with a colon at its end or before a space stands in quotes)";
    EXPECT_EQ(fault_of("train:\n  epochs: 2: 3\n"), "r:2: train.epochs: expected one value, got \"2: 3\"" + advice);
    EXPECT_EQ(fault_of("run:\n  name: a:\n"), "r:2: run.name: expected one value, got \"a:\"" + advice);
    EXPECT_EQ(fault_of("a: b: c"), "r:1: a: expected one value, got \"b: c\"" + advice);
}

TEST(YamlFaults, ColonsWithoutSpaces) {
    EXPECT_EQ(fault_of("threads:1"), "r:1: expected a space after threads:, got \"threads:1\"");
    EXPECT_EQ(fault_of("device: cpu\nthreads:1\n"), "r:2: expected a space after threads:, got \"threads:1\"");
    EXPECT_EQ(fault_of("threads:1\ndevice: cpu\n"), "r:1: expected a space after threads:, got \"threads:1\"");
    EXPECT_EQ(fault_of("train:\n  epochs:1\n\n  # c\n  seed: 3\n"),
              "r:2: expected a space after epochs:, got \"epochs:1\"");
    EXPECT_EQ(fault_of("train:\n  seed: 3\n  epochs:1\ndevice: cpu\n"),
              "r:3: expected a space after epochs:, got \"epochs:1\"");
    EXPECT_EQ(fault_of("train: {epochs:1, seed: 3}\n"), "r:1: expected a space after epochs:, got \"epochs:1\"");
    EXPECT_EQ(fault_of("train.epochs=1"),
              "r:1: expected a colon and a space after train.epochs, got \"train.epochs=1\"");
    EXPECT_EQ(fault_of("threads; 1"), "r:1: expected a colon and a space after threads, got \"threads; 1\"");
    EXPECT_EQ(fault_of("threads：1"),
              "r:1: expected a colon and a space after threads, got \"threads：1\", whose \"：\" is U+FF1A");
    EXPECT_EQ(missing_separator("C:\\data"), "");
    EXPECT_EQ(missing_separator("http://x"), "");
    EXPECT_EQ(missing_separator("threads : 1"), "");
    EXPECT_EQ(missing_separator("12:30"), "");
}

TEST(YamlFaults, BlanksThatAreNone) {
    EXPECT_EQ(fault_of("train:\n\u00a0\u00a0epochs: 1\n"),
              "r:2: expected spaces before the first word, got a no-break space (U+00A0)");
    EXPECT_EQ(fault_of("train:\n  seed: 3\n \u00a0epochs: 1\n"),
              "r:3: expected spaces before the first word, got a no-break space (U+00A0)");
    EXPECT_EQ(fault_of("threads:\u00a01\n"), "r:1: expected a space after threads:, got a no-break space (U+00A0)");
    EXPECT_EQ(fault_of("train:\n  epochs: \u00a01\n"),
              "r:2: train.epochs: expected a space before the value, got a no-break space (U+00A0)");
    EXPECT_EQ(fault_of("threads: 1\u00a0\n"),
              "r:1: threads: expected nothing after the value, got a no-break space (U+00A0)");
    EXPECT_EQ(fault_of("threads\u00a0: 1\n"), "r:1: expected a colon after \"threads\", got a no-break space (U+00A0)");
    EXPECT_EQ(fault_of("threads: 1\n\ufeffdevice: cpu\n"),
              "r:2: expected spaces before the first word, got an invisible character (U+FEFF)");
    EXPECT_EQ(fault_of("a: 1\rb: 2\r"), "r:1: expected lines that end in LF or CRLF, got a carriage return alone");
    // They may stand inside texts and comments.
    EXPECT_EQ(read_yaml("a: b\u00a0c # d\u00a0\n", "r").front().items.front(), "b\u00a0c");
    EXPECT_EQ(read_yaml("a: \"\u00a0b\u00a0\"\n", "r").front().items.front(), "\u00a0b\u00a0");
}

TEST(YamlFaults, Indentation) {
    EXPECT_EQ(fault_of("train:\n    epochs: 1\n  seed: 3\n"),
              "r:3: expected no space or 4 spaces before \"seed\", as in the lines above, got 2");
    EXPECT_EQ(fault_of("train:\n  epochs: 1\n    seed: 3\n"),
              "r:3: expected 2 spaces before \"seed\", as in the lines above, got 4");
    EXPECT_EQ(fault_of("a: 1\n b: 2\n"), "r:2: expected no space before \"b\", as in the lines above, got 1");
}

TEST(YamlFaults, Quotes) {
    EXPECT_EQ(fault_of("run:\n  name: \"abc\n  dir: x\n"), "r:2: run.name: expected a quote at its end");
    EXPECT_EQ(fault_of("run:\n  name: 'abc''\n  dir: x\n"), "r:2: run.name: expected a quote at its end");
    EXPECT_EQ(fault_of("\ufeff# é\nrun: {name: é, dir: \"abc\\\"\n"), "r:2: run.dir: expected a quote at its end");
    EXPECT_EQ(fault_of("run:\n  name: \"abc\n  dir: \"x\"\n"),
              "r:2: run.name: expected a quote at its end, got \"\"abc\"");
    EXPECT_EQ(fault_of("run:\n  name: 'it's'\n"), "r:2: run.name: expected nothing after the quote, got \"s'\"");
    EXPECT_EQ(fault_of("run: {dir: “abc”}\n"),
              "r:1: run.dir: expected straight quotes (\"\"), got typographic ones: “abc”");
    EXPECT_TRUE(
        test::contains(fault_of("run: {dir: \"C:\\data\"}\n"), "r:1: run: expected after \"\\\" in double quotes"));
    EXPECT_EQ(read_yaml("a: \"b\n  c\"\n", "r").front().items.front(), "b c");
    EXPECT_EQ(read_yaml("a: 'b''c'\n", "r").front().items.front(), "b'c");
}

TEST(YamlFaults, Brackets) {
    EXPECT_EQ(fault_of("a: b\ntrain: {epochs: 1\n"),
              "r:2: train: expected \",\" or \"}\" in the group, got the end of the file");
    EXPECT_EQ(fault_of("train: {epochs: 1 seed: 3}\n"),
              "r:1: train: expected \",\" or \"}\" in the group, got \"seed: 3}\"");
    EXPECT_EQ(fault_of("data:\n  mean: [0.5, 0.5\n  batch: 3\n"),
              "r:2: data.mean: expected \",\" or \"]\" in the list, got \"batch: 3\"");
    EXPECT_EQ(fault_of("train: {epochs: 1}}\n"),
              "r:1: train: expected nothing after the bracket that closes, got \"{epochs: 1}}\"");
    EXPECT_EQ(fault_of("optimizer: {lr: 0,001}\n"),
              "r:1: optimizer: expected a key, got \"001\" (a number has a decimal point, not a comma)");
    EXPECT_EQ(fault_of("run:\n  name: @foo\n"),
              "r:2: run.name: expected a value, got \"@foo\" (a text that begins with \"@\" stands in quotes)");
    EXPECT_EQ(fault_of("a: *b\n"), "r:1: aliases (*name) are not used in recipes");
    EXPECT_EQ(fault_of("train:\n  - epochs: 1\n"),
              "r:2: \"train\" is a list here, which may hold only single values, not a group of keys");
}

TEST(YamlFaults, LinesCountAlikeWithEveryLineEnd) {
    EXPECT_EQ(fault_of("\ufeffa: 1\r\nb: 2\r\nb: 3\r\n"), "r:3: \"b\" is given twice");
    EXPECT_EQ(fault_of("\ufeffa: 1\nb: 2\nb: 3\n"), "r:3: \"b\" is given twice");
    EXPECT_EQ(read_yaml("\ufeffa: 1\r\n", "r").front().items.front(), "1");
}

}  // namespace
}  // namespace heed::yaml_faults_test
