// ctest: slow
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/number_words.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::cab_test {
namespace {

constexpr const char* tasks =
    "tasks:\n"
    "  images:\n"
    "    recipe: tiny.yaml\n"
    "    settings: [train.epochs=1]\n"
    "    pattern: noncausal_self\n"
    "    less_is_better: [loss]\n"
    "    more_is_better: [accuracy]\n"
    "  words:\n"
    "    recipe: language.yaml\n"
    "    pattern: causal_self\n"
    "    less_is_better: [bits_per_byte]\n";

constexpr const char* types = "types: {sdpa: {}, super: {}, thrifty: {type: efficient, settings: [dropout=0.1]}}\n";

/// A grid of 2 tasks, 3 types and 2 seeds, of a few steps each.
class Cab : public testing::Test {
protected:
    static void SetUpTestSuite() {
        tiny_ = new TinyTraining;
        write_text(tiny().folder / "numbers.txt", english_numbers(120));
        write_text(tiny().folder / "language.yaml",
                   "model: {type: language_model, dim: 16, depth: 1, heads: 2, mlp_dim: 32, dropout: 0}\n"
                   "data: {name: plain_text, train_files: [numbers.txt], root: '', batch: 8, context: 16,\n"
                   "       validation: 0.1, test: 0.1}\n"
                   "tokenizer: {type: byte}\n"
                   "train: {epochs: 0, steps: 12, eval_every: 0, eval_steps: 6, checkpoint_every: 3}\n"
                   "optimizer: {type: adamw, lr: 1e-2, schedule: constant, warmup: 0}\n"
                   "threads: 1\n");
        write_grid("grid.yaml", std::string("seeds: 2\n") + tasks + types);
    }
    static void TearDownTestSuite() { delete tiny_; }
    static const TinyTraining& tiny() { return *tiny_; }
    static void write_grid(const std::string& name, const std::string& text) { write_text(tiny().folder / name, text); }
    static nlohmann::json json_of(const std::string& dir) {
        nlohmann::json json = nlohmann::json::parse(tiny().file(dir + "/cab.json"));
        for (nlohmann::json& task : json.at("tasks")) {
            for (nlohmann::json& cell : task.at("cells")) cell.erase("training_seconds");
        }
        return json;
    }
    static void expect_refused(const std::string& grid, const std::string& part) {
        write_grid("wrong.yaml", grid);
        expect_error(tiny().run({"cab", "wrong.yaml", "--dir", "wrong"}), 2, part);
        EXPECT_FALSE(tiny().exists("wrong"));
    }

    static TinyTraining* tiny_;
};

TinyTraining* Cab::tiny_ = nullptr;

TEST_F(Cab, KilledAndGoneOnWithItGivesTheSameResults) {
    const ProgramResult whole = tiny().run({"cab", "grid.yaml", "--dir", "whole", "--jobs", "2"});
    ASSERT_EQ(whole.code, 0) << whole.errors;
    EXPECT_TRUE(contains(whole.output, "Causal self-attention (CS)"));
    Program program(tiny().folder.path(), {"cab", "grid.yaml", "--dir", "killed"});
    for (int i = 0; i < 20000 && !tiny().exists("killed/words/sdpa/seed-1/checkpoints/last.safetensors"); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    program.send(SIGKILL);
    EXPECT_EQ(program.wait().signal, SIGKILL);
    const std::filesystem::path first = tiny().folder / "killed/images/sdpa/seed-1/finished";
    const auto written = std::filesystem::last_write_time(first);
    const ProgramResult result = tiny().run({"cab", "grid.yaml", "--dir", "killed"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_EQ(std::filesystem::last_write_time(first), written) << "what has ended is not trained again";
    const nlohmann::json json = json_of("killed");
    nlohmann::json other = json_of("whole");
    other["notes"] = json.at("notes");  // the number of jobs stands there
    EXPECT_EQ(json, other);
    EXPECT_EQ(json.at("tasks").at(0).at("cells").size(), 3u);
    EXPECT_EQ(json.at("tasks").at(0).at("metrics").at(0).at("cohort").at("members").size(), 3u);
    EXPECT_EQ(json.at("leaderboards").size(), 2u);
    for (const nlohmann::json& type : json.at("leaderboards").at(0).at("types")) {
        EXPECT_TRUE(type.at("index").is_number()) << type;
        EXPECT_EQ(type.at("seeds").at("count"), 2);
    }
    EXPECT_EQ(json.at("correlations").at(0).at("types").size(), 3u);
    for (const char* file : {"cab.md", "cab.html", "cohorts.csv"}) {
        EXPECT_TRUE(contains(tiny().file(std::string("killed/") + file), "thrifty")) << file;
    }
    EXPECT_TRUE(contains(tiny().file("killed/cab.html"), "class=\"beyond\"")) << "intervals of two seeds are cut off";
    EXPECT_EQ(tiny().events("killed/words/super/seed-2", "test").size(), 1u);

    // The raw values tell the same without the runs; by the cohort of others they are scored alike.
    const ProgramResult scored =
        tiny().run({"cab", "--from", "whole/cab.csv", "--cohorts", "whole/cohorts.csv", "--dir", "scored"});
    ASSERT_EQ(scored.code, 0) << scored.errors;
    EXPECT_EQ(json_of("scored").at("leaderboards"), json.at("leaderboards"));

    // A new type is added to those that are there; a changed one is refused.
    const std::string more =
        "types: {sdpa: {}, super: {}, thrifty: {type: efficient, settings: [dropout=0.1]}, smyrf: {}}\n";
    write_grid("more.yaml", std::string("seeds: 2\n") + tasks + more);
    const ProgramResult list = tiny().run({"cab", "more.yaml", "--dir", "whole", "--list"});
    EXPECT_TRUE(contains(list.output, "8 cells, 16 runs, of which 4 are left; folder: whole")) << list.errors;
    write_grid("changed.yaml", std::string("seeds: 2\nsettings: [model.dim=8]\n") + tasks + types);
    expect_error(tiny().run({"cab", "changed.yaml", "--dir", "whole"}), 2,
                 "has a run of images, sdpa, seed 1 with other settings: model.dim was 16, is now 8 (changed.yaml:2)");

    // A run that lost its result is not left out in silence, and is made anew where its folder is removed.
    const std::filesystem::path metrics = tiny().folder / "whole/words/super/seed-2/metrics.jsonl";
    std::filesystem::resize_file(metrics, std::filesystem::file_size(metrics) / 2);
    for (const char* option : {"--list", "--jobs=1"}) {
        expect_error(tiny().run({"cab", "grid.yaml", "--dir", "whole", option}), 2,
                     "words, super, seed 2: the run in whole/words/super/seed-2 has finished, but "
                     "whole/words/super/seed-2/metrics.jsonl has no result of its test");
    }
    std::filesystem::remove_all(metrics.parent_path());
    EXPECT_EQ(tiny().run({"cab", "grid.yaml", "--dir", "whole"}).code, 0);
    EXPECT_EQ(json_of("whole").at("leaderboards"), json.at("leaderboards"));
}

TEST_F(Cab, CostsThatWereMeasuredStandBesideTheIndex) {
    const std::vector<std::string> bench = {"bench",  "attention", "dim=8",       "heads=2",
                                            "runs=1", "threads=1", "lengths=4,8", "types=sdpa,super,efficient"};
    const auto measure = [&](const std::string& file, const std::vector<std::string>& more) {
        std::vector<std::string> arguments = bench;
        arguments.insert(arguments.end(), more.begin(), more.end());
        arguments.insert(arguments.end(), {"--json", file});
        const ProgramResult result = tiny().run(arguments);
        ASSERT_EQ(result.code, 0) << result.errors;
    };
    measure("costs.json", {});
    write_grid("costs.yaml", std::string("seeds: 1\n") + tasks + types);
    const ProgramResult trained =
        tiny().run({"cab", "costs.yaml", "--dir", "costs", "--jobs", "2", "--bench", "costs.json"});
    ASSERT_EQ(trained.code, 0) << trained.errors;
    EXPECT_TRUE(contains(trained.output, "Quality against cost (NS)"));
    EXPECT_TRUE(
        contains(trained.output, "thrifty: it has dropout=0.1 here, and was measured with dropout=0 (costs.json)"));
    EXPECT_TRUE(contains(tiny().file("costs/cab.html"), "<title>super: index "));
    EXPECT_TRUE(contains(tiny().file("costs/cab_costs.csv"), "noncausal_self,super,"));
    const auto costs_of = [&](const std::string& dir, const std::string& wanted) {
        const nlohmann::json json = json_of(dir);
        for (const nlohmann::json& type : json.at("leaderboards").at(0).at("types")) {
            if (type.at("type") == wanted) return type.at("costs");
        }
        return nlohmann::json();
    };
    EXPECT_GT(costs_of("costs", "super").at("total_seconds").at("relative"), 0.0);
    EXPECT_EQ(costs_of("costs", "super").at("total_seconds").at("length"), 8);
    EXPECT_TRUE(costs_of("costs", "thrifty").at("file").is_null());

    // The raw values know the attention of each type; a type measured with its own settings has costs, too.
    measure("dropout.json", {"attention.dropout=0.1"});
    expect_error(tiny().run({"cab", "costs.yaml", "--dir", "costs", "--bench", "damaged.json"}), 2, "damaged.json");
    const ProgramResult scored =
        tiny().run({"cab", "--from", "costs/cab.csv", "--bench", "costs.json", "--dir", "scored_costs"});
    ASSERT_EQ(scored.code, 0) << scored.errors;
    EXPECT_EQ(costs_of("scored_costs", "super"), costs_of("costs", "super"));
    EXPECT_EQ(costs_of("scored_costs", "thrifty"), costs_of("costs", "thrifty"));

    // What cannot be joined is refused before anything is written.
    write_grid("super.yaml", std::string("baseline: super\nseeds: 1\n") + tasks + types);
    expect_error(tiny().run({"cab", "super.yaml", "--dir", "wrong", "--bench", "costs.json"}), 2,
                 "costs.json compares costs with sdpa, but the baseline is super");
    expect_error(tiny().run({"cab", "costs.yaml", "--dir", "wrong", "--bench", "costs/cab.json"}), 2,
                 "expected what heed bench attention --json writes");
    expect_error(tiny().run({"cab", "costs.yaml", "--list", "--bench", "costs.json"}), 2, "--list does not write");
    write_text(tiny().folder / "plain.csv",
               "pattern,task,metric,better,type,value\n"
               "causal_self,lm,loss,lower,sdpa,1\ncausal_self,lm,loss,lower,a,2\ncausal_self,lm,loss,lower,b,3\n");
    expect_error(tiny().run({"cab", "--from", "plain.csv", "--bench", "costs.json"}), 2,
                 "--bench needs the column attention");
    EXPECT_FALSE(tiny().exists("wrong"));

    // A report without costs leaves none of an earlier one.
    ASSERT_EQ(tiny().run({"cab", "costs.yaml", "--dir", "costs"}).code, 0);
    EXPECT_FALSE(tiny().exists("costs/cab_costs.csv"));
    EXPECT_FALSE(contains(tiny().file("costs/cab.html"), "Quality against cost"));
    EXPECT_FALSE(contains(tiny().file("costs/cab.html"), "<td>–</td>")) << "commit and versions are known";
}

TEST_F(Cab, ListTellsWhatDataAreMissing) {
    write_grid("nodata.yaml", std::string("settings: [data.root=nowhere]\n") + tasks + types);
    const ProgramResult list = tiny().run({"cab", "nodata.yaml", "--dir", "nodata", "--list"});
    EXPECT_EQ(list.code, 0) << list.errors;
    EXPECT_TRUE(contains(list.output, "6 cells, 18 runs, of which 18 are left")) << list.output;
    EXPECT_TRUE(contains(list.output, "no data for images: ")) << list.output;
    EXPECT_TRUE(contains(list.output, "no data for words: ")) << list.output;
    EXPECT_FALSE(tiny().exists("nodata"));
    EXPECT_FALSE(contains(tiny().run({"cab", "grid.yaml", "--dir", "nodata", "--list"}).output, "no data for"));
}

TEST_F(Cab, ACellThatFailsStopsNoOther) {
    write_grid("failing.yaml", std::string("seeds: 1\n") + tasks +
                                   "types: {sdpa: {}, super: {}, efficient: {}, optimised: {}}\n"
                                   "settings: [optimizer.lr=1e-3]\n");
    // A folder that no run can be in.
    std::filesystem::create_directories(tiny().folder / "failing/words/super");
    write_text(tiny().folder / "failing/.comparison-lock", "");
    write_text(tiny().folder / "failing/words/super/seed-1", "not a folder");
    const ProgramResult result = tiny().run({"cab", "failing.yaml", "--dir", "failing"});
    EXPECT_EQ(result.code, 1) << result.errors;
    EXPECT_TRUE(contains(result.errors, "1 of the runs failed, first words, super, seed 1: "));
    EXPECT_TRUE(contains(result.output, "super has no average: no run came to its end"));
    const nlohmann::json json = json_of("failing");
    EXPECT_TRUE(json.at("tasks").at(1).at("cells").at(1).contains("empty"));
    EXPECT_TRUE(json.at("leaderboards").at(0).at("types").at(0).at("index").is_number());
}

TEST_F(Cab, WrongGridsAreRefusedBeforeAnythingRuns) {
    const std::string all = std::string(tasks) + types;
    expect_refused(all + "sedes: 2\n", "wrong.yaml:13: \"sedes\" is not a known key (did you mean seeds?)");
    expect_refused(all + "baseline: sdpb\n", "baseline expects one of the types");
    expect_refused(all + "settings: [train.epoch=2]\n", "wrong.yaml:13");
    expect_refused(all + "settings: [train.seed=2]\n", "train.seed is decided by the benchmark");
    expect_refused(all + "settings: [attention.type=super]\n", "its types stand in attention");
    expect_refused(std::string(tasks) + "types: {sdpa: {}, sdqa: {}}\n", "did you mean sdpa?");
    expect_refused(std::string(tasks) + "types:\n  sdpa:\n    settings: [dropot=0.1]\n", "wrong.yaml:14");
    expect_refused(
        std::string(types) + "tasks: {a: {recipe: tiny.yaml, pattern: causal_self, less_is_better: [loss]}}\n",
        "pattern says causal_self, but attention of tiny.yaml is noncausal_self");
    expect_refused(std::string(types) + "tasks: {a: {recipe: tiny.yaml, pattern: noncausal, less_is_better: [loss]}}\n",
                   "did you mean noncausal_self?");
    expect_refused(std::string(types) + "tasks: {a: {recipe: tiny.yaml, pattern: noncausal_self}}\n", "has no metric");
    expect_refused(
        std::string(types) + "tasks: {a: {recipe: tiny.yaml, pattern: noncausal_self, less_is_better: [bleu]}}\n",
        "expected a metric of an image classifier");
    expect_refused(
        std::string(types) + "tasks: {a: {recipe: tony.yaml, pattern: causal_self, less_is_better: [loss]}}\n",
        "did you mean tiny.yaml?");
    expect_refused(std::string(types) +
                       "tasks: {a: {recipe: tiny.yaml, settings: [data.root=nowhere], pattern: noncausal_self,\n"
                       "  less_is_better: [loss]}}\n",
                   "nowhere");
    expect_error(tiny().run({"cab"}), 2, "a grid");
    expect_error(tiny().run({"cab", "quik"}), 2, "did you mean quick?");
    expect_error(tiny().run({"cab", "grid.yaml", "--from", "x.csv"}), 2, "--from");
}

}  // namespace
}  // namespace heed::test::cab_test
