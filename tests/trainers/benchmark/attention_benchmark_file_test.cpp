#include "heed/trainers/benchmark/attention_benchmark_file.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/tests/trainers/benchmark/known_benchmark.h"
#include "heed/trainers/benchmark/attention_benchmark_json.h"

namespace heed::test::attention_benchmark_file_test {
namespace {

AttentionBenchmark read_back(const std::string& text) {
    const TemporaryFolder folder;
    const std::string file = folder / "costs.json";
    write_text(file, text);
    return read_attention_benchmark(file);
}

TEST(AttentionBenchmarkFile, ComesBackAsItWasWritten) {
    AttentionBenchmark benchmark =
        known_benchmark({"types=smyrf,sdpa,lara,none", "patterns=causal_self,noncausal_cross", "lengths=800,200,400",
                         "attention.rounds=3", "attention.dropout=0.1"});
    benchmark.cells[1].times.reset();
    benchmark.cells[1].reason = "it was \"too\" long";
    benchmark.cells[1].bytes->counted = true;
    benchmark.efficiencies = type_efficiencies(benchmark);
    const std::string text = attention_benchmark_json(benchmark);
    const AttentionBenchmark read = read_back(text);
    EXPECT_EQ(nlohmann::json::parse(attention_benchmark_json(read)), nlohmann::json::parse(text));
    EXPECT_EQ(read.plan.types[0].settings(), benchmark.plan.types[0].settings());
    EXPECT_EQ(read.plan.types[0].choice().options->dropout, 0.1);
    EXPECT_EQ(read.efficiencies.size(), benchmark.efficiencies.size());
}

/// What is said of a file in which something was changed.
template <class Change>
std::string refusal(const Change& change) {
    nlohmann::json json = nlohmann::json::parse(attention_benchmark_json(known_benchmark()));
    change(json);
    return message_of<UserError>([&] { read_back(json.dump()); });
}

TEST(AttentionBenchmarkFile, OtherFormatsAndVersionsAreRefused) {
    EXPECT_TRUE(contains(refusal([](auto& json) { json.erase("format"); }),
                         "costs.json: expected what heed bench attention --json writes (format "
                         "heed-attention-benchmark-1), got a file without a format"));
    EXPECT_TRUE(contains(refusal([](auto& json) { json["format"] = "heed-attention-benchmark-2"; }),
                         "got the format \"heed-attention-benchmark-2\""));
    EXPECT_TRUE(contains(message_of<UserError>([] { read_back("pattern,type\n"); }), "costs.json is no JSON"));
    EXPECT_TRUE(contains(message_of<UserError>([] { read_back("[]"); }), "expected a JSON object"));
}

TEST(AttentionBenchmarkFile, DamageIsToldWithItsPlace) {
    EXPECT_TRUE(contains(refusal([](auto& json) { json.erase("cells"); }), "costs.json is damaged: "));
    EXPECT_TRUE(contains(refusal([](auto& json) { json["cells"].erase(3); }), "expected 10 cells, got 9"));
    EXPECT_TRUE(contains(refusal([](auto& json) { json["cells"][3]["length"] = 201; }),
                         "expected the cell of smyrf, causal_self and 200 tokens, got that of \"smyrf\""));
    EXPECT_TRUE(contains(refusal([](auto& json) { json["cells"][0]["forward_bytes"] = -1; }),
                         "forward_bytes expects a whole number from 0 on, got \"-1\""));
    EXPECT_TRUE(contains(refusal([](auto& json) { json["cells"][0]["total_seconds"]["median"] = -1; }),
                         "median expects seconds from 0 on, got -1"));
    EXPECT_TRUE(contains(refusal([](auto& json) { json["types"][1]["type"] = "smirf"; }), "did you mean smyrf?"));
    EXPECT_TRUE(
        contains(refusal([](auto& json) { json["types"][1]["type"] = "sdpa"; }), "sdpa has no setting \"block\""));
    EXPECT_TRUE(contains(refusal([](auto& json) { json["types"][1]["settings"].erase("cluster"); }),
                         "the setting cluster of smyrf is missing"));
    EXPECT_TRUE(contains(refusal([](auto& json) { json["types"][1]["settings"]["cluster"] = "0"; }),
                         "cluster of smyrf expects a whole number"));
    EXPECT_TRUE(contains(refusal([](auto& json) { json["settings"]["dim"] = "many"; }), "dim expects a whole number"));
}

}  // namespace
}  // namespace heed::test::attention_benchmark_file_test
