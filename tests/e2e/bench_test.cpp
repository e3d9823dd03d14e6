#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "heed/attention/registry.h"
#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::bench_test {
namespace {

const std::vector<std::string> small = {"bench",   "attention", "lengths=8,16", "dim=8",
                                        "heads=2", "runs=2",    "threads=1",    "patterns=noncausal_self,causal_cross"};

std::vector<std::string> with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

TEST(Bench, AttentionWritesTablesJsonAndPage) {
    const TinyTraining tiny;
    const ProgramResult result =
        tiny.run(with(small, {"--json", "a.json", "--csv", "a.csv", "--page", "a.html", "attention.dropout=0.2"}));
    ASSERT_EQ(result.code, 0) << result.errors;
    for (const char* part : {"noncausal self-attention, time", "causal cross-attention, memory", "smyrf", "us /"}) {
        EXPECT_TRUE(contains(result.output, part)) << result.output;
    }
    const nlohmann::json json = nlohmann::json::parse(tiny.file("a.json"));
    EXPECT_EQ(json["cells"].size(), 2 * 2 * attention_types().size());
    for (const auto& cell : json["cells"]) EXPECT_TRUE(cell["runs"] == 2 || cell.contains("reason")) << cell;
    const std::string csv = tiny.file("a.csv");
    EXPECT_EQ(static_cast<size_t>(std::count(csv.begin(), csv.end(), '\n')), 1 + json["cells"].size());
    EXPECT_TRUE(contains(tiny.file("a.html"), "</html>"));
}

TEST(Bench, RefusesBeforeItMeasures) {
    const TinyTraining tiny;
    expect_error(tiny.run({"bench"}), 2, "attention");
    expect_error(tiny.run({"bench", "atention"}), 2, "did you mean attention?");
    expect_error(tiny.run({"bench", "attention", "more"}), 2, "unexpected argument \"more\"");
    expect_error(tiny.run(with(small, {"types=smirf"})), 2, "did you mean smyrf?");
    expect_error(tiny.run(with(small, {"--page", "a.txt"})), 2, "ends in .html");
    expect_error(tiny.run(with(small, {"--json", "a.json", "--csv", "missing/a.csv"})), 2, "missing/a.csv");
    EXPECT_FALSE(tiny.exists("a.json"));
}

}  // namespace
}  // namespace heed::test::bench_test
