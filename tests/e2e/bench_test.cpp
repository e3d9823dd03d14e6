#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
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

TEST(Bench, ProfileTellsWhereTheTimeOfAStepGoes) {
    const TinyTraining tiny;
    const ProgramResult result = tiny.run({"bench", "profile", "tiny.yaml", "--steps", "4", "--warm-up", "1", "--json",
                                           "p.json", "optimizer.schedule=constant"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.output, "waiting for data")) << result.output;
    const nlohmann::json json = nlohmann::json::parse(tiny.file("p.json"));
    EXPECT_EQ(json["steps"], 4);
    double seconds = json["data_wait"].get<double>() + json["rest"].get<double>();
    std::map<std::string, nlohmann::json> ops;
    for (const auto& op : json["ops"]) {
        seconds += op["seconds"].get<double>();
        ops[op["op"].get<std::string>() + " " + op["pass"].get<std::string>()] = op;
    }
    EXPECT_NEAR(seconds, json["seconds"].get<double>(), 1e-9 + 1e-6 * seconds) << "all of a step is accounted for";
    for (const char* name : {"scaled_dot_product", "linear", "layer_norm", "cross_entropy"}) {
        for (const char* pass : {" forward", " backward"}) {
            ASSERT_TRUE(ops.contains(std::string(name) + pass)) << name << pass << "\n" << result.output;
            EXPECT_GT(ops[std::string(name) + pass]["bytes"], 0.0) << name << pass;
        }
    }
    EXPECT_EQ(ops["optimizer update"]["calls"], 4);
    const nlohmann::json &forward = ops["scaled_dot_product forward"], &backward = ops["scaled_dot_product backward"];
    EXPECT_EQ(forward["calls"].get<int>() % 4, 0);
    EXPECT_EQ(forward["multiplies"].get<double>() * 5, backward["multiplies"].get<double>() * 2);
    EXPECT_GT(json["peak_multiplies_per_second"], 0.0);
    EXPECT_FALSE(std::filesystem::exists(tiny.folder / "runs")) << "there is no run";
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
    expect_error(tiny.run({"bench", "profile"}), 2, "profile needs a recipe");
    expect_error(tiny.run({"bench", "profile", "missing.yaml"}), 2, "missing.yaml");
    expect_error(tiny.run({"bench", "profile", "tiny.yaml", "--steps", "0"}), 2,
                 "--steps expects a whole number from 1");
    expect_error(tiny.run({"bench", "profile", "tiny.yaml", "--steps", "1000"}), 2, "at least 1003 steps");
    expect_error(tiny.run({"bench", "profile", "tiny.yaml", "--page", "a.html"}), 2, "is for heed bench attention");
    expect_error(tiny.run(with(small, {"--steps", "3"})), 2, "is for heed bench profile");
}

}  // namespace
}  // namespace heed::test::bench_test
