#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "heed/tests/attack/fuzz/fuzzer.h"

namespace heed::test::fuzz_test {
namespace {

std::string corpus() {
    return std::string(std::getenv("HEED_SOURCE_DIR")) + "/tests/attack/corpus";
}

double setting(const char* name, double otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtod(text, nullptr);
}

class Fuzz : public testing::TestWithParam<FuzzEntry> {};

TEST_P(Fuzz, LetsOnlyErrorsOut) {
    FuzzPlan plan;
    plan.corpus = corpus() + "/" + GetParam().name;
    plan.changed = static_cast<int64_t>(setting("HEED_FUZZ_INPUTS", static_cast<double>(GetParam().changed)));
    plan.seconds = setting("HEED_FUZZ_SECONDS", plan.seconds);
    plan.seed = static_cast<uint64_t>(setting("HEED_FUZZ_SEED", 1));
    const FuzzResult result = fuzz(GetParam(), plan);
    for (const std::string& finding : result.findings) ADD_FAILURE() << finding;
    std::printf("fuzz %s: %ld stored, %ld changed, %ld kept\n", GetParam().name, static_cast<long>(result.stored),
                static_cast<long>(result.changed), static_cast<long>(result.kept));
}

INSTANTIATE_TEST_SUITE_P(Entries, Fuzz, testing::ValuesIn(fuzz_entries()),
                         [](const auto& entry) { return std::string(entry.param.name); });

TEST(FuzzCorpus, EveryFolderHasItsEntry) {
    std::set<std::string> names, folders;
    for (const FuzzEntry& entry : fuzz_entries()) names.insert(entry.name);
    for (const auto& folder : std::filesystem::directory_iterator(corpus())) folders.insert(folder.path().filename());
    EXPECT_EQ(folders, names);
}

void expect_found(int (*run)(const uint8_t*, size_t), const std::string& problem) {
    const FuzzResult result = fuzz({"text", run}, {.corpus = corpus() + "/text", .changed = 3});
    ASSERT_FALSE(result.findings.empty());
    EXPECT_NE(result.findings[0].find(problem), std::string::npos) << result.findings[0];
}

TEST(Fuzzer, FindsWhatIsNoError) {
    expect_found([](const uint8_t*, size_t) -> int { throw std::logic_error("a mistake"); }, "it let out a mistake");
    expect_found([](const uint8_t*, size_t) -> int { throw 3; }, "no exception");
}

}  // namespace
}  // namespace heed::test::fuzz_test
