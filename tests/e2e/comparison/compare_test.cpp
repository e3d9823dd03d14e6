// ctest: slow
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::compare_test {
namespace {

using Arguments = std::vector<std::string>;

class Compare : public testing::Test {
protected:
    static void SetUpTestSuite() { tiny_ = new TinyTraining; }
    static void TearDownTestSuite() { delete tiny_; }
    static const TinyTraining& tiny() { return *tiny_; }

    static Arguments arguments(const std::string& dir, const Arguments& more = {}) {
        Arguments all = {"compare", "tiny.yaml", "--attention", "sdpa,super", "--seeds",
                         "2",       "--dir",     dir,           "threads=1"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

    /// All that a comparison found, without times, memory and places.
    static nlohmann::json results(const std::string& dir) {
        nlohmann::json json = nlohmann::json::parse(tiny().file(dir + "/comparison.json"));
        for (const char* part : {"contenders", "runs"}) {
            for (nlohmann::json& each : json.at(part)) {
                for (const char* name : {"training_seconds", "inference_seconds", "peak_bytes", "folder"}) {
                    each.erase(name);
                }
            }
        }
        json.erase("title");
        return json;
    }

    /// Starts a comparison and sends a signal once that file has so many lines.
    static ProgramResult disturb(const Arguments& call, const std::string& file, int64_t lines, int signal) {
        Program program(tiny().folder.path(), call);
        for (int i = 0; i < 20000 && count_lines(file) < lines; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        EXPECT_GE(count_lines(file), lines) << program.errors();
        program.send(signal);
        return program.wait();
    }

    static int64_t count_lines(const std::string& file) {
        if (!tiny().exists(file)) return 0;
        const std::string text = tiny().file(file);
        return std::count(text.begin(), text.end(), '\n');
    }

    static TinyTraining* tiny_;
};

TinyTraining* Compare::tiny_ = nullptr;

TEST_F(Compare, KilledAndGoneOnWithItGivesTheSameTable) {
    const Arguments settings = {"train.epochs=20", "train.checkpoint_every=3"};
    const ProgramResult whole = tiny().run(arguments("whole", settings));
    ASSERT_EQ(whole.code, 0) << whole.errors;
    EXPECT_TRUE(contains(whole.output, "super is at least as good as sdpa within 1 percentage point"));
    const Arguments call = arguments("disturbed", settings);
    EXPECT_EQ(disturb(call, "disturbed/sdpa/seed-3/metrics.jsonl", 20, SIGKILL).signal, SIGKILL);
    const ProgramResult stopped = disturb(call, "disturbed/super/seed-3/metrics.jsonl", 20, SIGTERM);
    EXPECT_EQ(stopped.code, 128 + SIGTERM) << stopped.errors;
    EXPECT_TRUE(contains(stopped.errors, "the same command goes on"));
    EXPECT_FALSE(tiny().exists("disturbed/super/seed-3/finished"));
    const std::filesystem::path first = tiny().folder / "disturbed/sdpa/seed-3/finished";
    const auto written = std::filesystem::last_write_time(first);
    const ProgramResult result = tiny().run(call);
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_EQ(std::filesystem::last_write_time(first), written) << "what has ended is not trained again";
    EXPECT_EQ(results("disturbed"), results("whole"));
    EXPECT_EQ(results("whole").at("runs").size(), 4u);
    for (const nlohmann::json& run : results("whole").at("runs")) {
        EXPECT_GT(run.at("attention_parameters").get<double>(), 0) << run;
        EXPECT_GT(run.at("multiplies").get<double>(), run.at("parameters").get<double>()) << run;
    }
    // Two at a time give the same runs, and say that their times cannot be compared.
    Arguments beside = arguments("beside", settings);
    beside.insert(beside.end(), {"--jobs", "2"});
    ASSERT_EQ(tiny().run(beside).code, 0);
    EXPECT_EQ(results("beside").at("runs"), results("whole").at("runs"));
    EXPECT_TRUE(contains(tiny().file("beside/comparison.md"), "these times cannot be compared"));
    // More seeds are added to those that are there.
    Arguments more = call;
    more[5] = "3";
    ASSERT_EQ(tiny().run(more).code, 0);
    EXPECT_EQ(results("disturbed").at("runs").size(), 6u);
    Arguments other = call;
    other.emplace_back("model.dim=8");
    expect_error(tiny().run(other), 2, "disturbed was begun with other settings: model.dim was 16, is now 8");
}

TEST_F(Compare, AGridIsChosenByValidationAndTheTestSetIsReadOnce) {
    const Arguments call = arguments("grid", {"--grid", "optimizer.lr=1e-5,1e-2", "--match", "parameters"});
    const ProgramResult result = tiny().run(call);
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "sdpa has optimizer.lr=1e-2, chosen by validation"));
    const nlohmann::json json = nlohmann::json::parse(tiny().file("grid/comparison.json"));
    const nlohmann::json& super = json.at("contenders").at(1);
    ASSERT_EQ(super.at("settings").size(), 2u);
    EXPECT_TRUE(super.at("settings").at(0).get<std::string>().starts_with("model.mlp_dim="));
    EXPECT_NEAR(super.at("parameters").get<double>(), json.at("contenders").at(0).at("parameters").get<double>(), 40);
    EXPECT_EQ(tiny().events("grid/sdpa/optimizer.lr=1e-2/seed-3", "test").size(), 1u);
    EXPECT_EQ(tiny().events("grid/sdpa/optimizer.lr=1e-5/seed-3", "test").size(), 0u);
    EXPECT_FALSE(tiny().exists("grid/sdpa/optimizer.lr=1e-5/seed-4"));
    const std::string before = tiny().file("grid/comparison.json");
    ASSERT_EQ(tiny().run(call).code, 0);
    EXPECT_EQ(tiny().file("grid/comparison.json"), before) << "nothing is trained or measured again";
    write_text(tiny().folder / "grid/inference.json", "{\"sdpa/optimizer.lr=1e-2/seed-3\": 1}");
    EXPECT_EQ(tiny().run(call).code, 0) << "what is damaged is measured again";
}

TEST_F(Compare, FinishedRunsAreGroupedAndPairedBySeed) {
    for (const char* seed : {"1", "2"}) {
        for (const char* type : {"sdpa", "efficient"}) {
            const std::string dir = std::string("run-") + type + "-" + seed;
            ASSERT_EQ(tiny()
                          .train(dir, {std::string("attention.type=") + type, std::string("train.seed=") + seed,
                                       "train.epochs=1"})
                          .code,
                      0);
        }
    }
    const Arguments runs = {"compare", "run-efficient-1", "run-sdpa-2", "run-sdpa-1", "run-efficient-2"};
    Arguments call = runs;
    call.insert(call.end(), {"--dir", "of-runs", "--metric", "loss"});
    const ProgramResult result = tiny().run(call);
    ASSERT_EQ(result.code, 0) << result.errors;
    const nlohmann::json json = nlohmann::json::parse(tiny().file("of-runs/comparison.json"));
    EXPECT_EQ(json.at("baseline"), "sdpa");
    EXPECT_EQ(json.at("contenders").at(0).at("gain").at("paired_seeds"), nlohmann::json({1, 2}));
    const double gain =
        0.5 * (tiny().values("run-sdpa-1", "test", "loss").at(0) + tiny().values("run-sdpa-2", "test", "loss").at(0) -
               tiny().values("run-efficient-1", "test", "loss").at(0) -
               tiny().values("run-efficient-2", "test", "loss").at(0));
    EXPECT_NEAR(json.at("contenders").at(0).at("gain").at("mean").get<double>(), gain, 1e-12);
    EXPECT_TRUE(begins_with(tiny().file("of-runs/comparison.html"), "<!DOCTYPE html>"));
    EXPECT_TRUE(contains(tiny().run({"compare", "run-sdpa-1", "run-efficient-1"}).output, "one seed has no spread"));

    const auto refused = [&](const Arguments& arguments, const std::string& part) {
        Arguments all = {"compare"};
        all.insert(all.end(), arguments.begin(), arguments.end());
        expect_error(tiny().run(all), 2, part);
    };
    ASSERT_EQ(tiny().train("run-other", {"train.epochs=1", "data.split_seed=5"}).code, 0);
    refused({"run-sdpa-1", "run-other"},
            "their training and validation parts of the data differ; data.split_seed is 0 and 5");
    refused({"run-sdpa-1", "run-sdpa-1"}, "have the same settings and the same seed (1)");
    refused({"run-sdpa-1"}, "expected two runs or more");
    refused({"run-sdpa-1", "data"}, "expected a run folder, got data, which is none");
    refused({"run-sdpa-1", "run-sdpa-2", "--jobs", "2"}, "--jobs has no effect on runs that have finished");
    std::filesystem::remove(tiny().folder / "run-other/finished");
    refused({"run-sdpa-1", "run-other"}, "has not come to its end");
    ASSERT_EQ(tiny().train("untested", {"train.epochs=1", "train.test=false"}).code, 0);
    refused({"run-sdpa-1", "untested"}, "--resume train.test=true does");
    ASSERT_EQ(tiny().run({"train", "untested", "--resume", "train.test=true"}).code, 0);
    EXPECT_EQ(tiny().events("untested", "test").size(), 1u);
    EXPECT_EQ(tiny().losses("untested").size(), 9u);
}

TEST_F(Compare, AnExperimentIsReproducedWithItsClaims) {
    std::filesystem::create_directories(tiny().folder / "experiments");
    write_text(tiny().folder / "experiments/tiny.yaml",
               "recipe: ../tiny.yaml\n"
               "attention: [sdpa, efficient]\n"
               "quick: {seeds: 2, settings: [train.epochs=1, data.batch=10]}\n"
               "claims:\n"
               "  small: {type: efficient, measure: attention_parameters, at_most: 0.5, source: somebody}\n"
               "  fast: {type: smyrf, measure: inference_seconds}\n");
    const ProgramResult result = tiny().run({"reproduce", "tiny", "--quick", "data.batch=20"});
    ASSERT_EQ(result.code, 0) << result.errors;
    const nlohmann::json json = nlohmann::json::parse(tiny().file("runs/reproduce/tiny-quick/comparison.json"));
    EXPECT_EQ(json.at("runs").size(), 4u);
    EXPECT_EQ(json.at("claims").at(0).at("verdict"), "holds");
    EXPECT_EQ(json.at("claims").at(0).at("source"), "somebody");
    EXPECT_TRUE(contains(json.at("claims").at(1).at("reason").get<std::string>(), "smyrf is not among"));
    const std::string page = tiny().file("runs/reproduce/tiny-quick/comparison.html");
    EXPECT_TRUE(contains(page, "heed reproduce tiny --quick data.batch=20"));
    EXPECT_TRUE(contains(page, "somebody"));
    expect_error(tiny().run({"reproduce", "tinny"}), 2, "there is no experiment \"tinny\" (did you mean tiny?)");
}

/// The process that was called with this argument; 0 where there is none.
pid_t process_with(const std::string& argument) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        std::ifstream file(entry.path() / "cmdline", std::ios::binary);
        const std::string arguments{std::istreambuf_iterator<char>(file), {}};
        if (arguments.find(argument + '\0') != std::string::npos) return std::stoi(entry.path().filename().string());
    }
    return 0;
}

TEST_F(Compare, ACrashCostsOneRunAlone) {
    const Arguments call = arguments("crashed", {"train.epochs=60"});
    Program program(tiny().folder.path(), call);
    for (int i = 0; i < 20000 && count_lines("crashed/sdpa/seed-3/metrics.jsonl") < 20; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const pid_t process = process_with("run.dir=crashed/sdpa/seed-3");
    ASSERT_GT(process, 0) << program.errors();
    kill(process, SIGKILL);
    const ProgramResult result = program.wait();
    EXPECT_EQ(result.code, 1);
    EXPECT_TRUE(contains(result.errors, "1 of the runs failed (sdpa, seed 3: it was killed by signal 9"));
    EXPECT_EQ(results("crashed").at("runs").size(), 3u);
    ASSERT_EQ(tiny().run(call).code, 0);
    EXPECT_EQ(results("crashed").at("runs").size(), 4u);
}

TEST_F(Compare, ATypeThatIsTheSameAsAnotherAtThisLengthSaysSo) {
    const ProgramResult result = tiny().run({"compare", "tiny.yaml", "--attention", "sdpa,smyrf", "--seeds", "1",
                                             "--dir", "dense", "train.epochs=1", "train.seed=7", "threads=1"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.output, "smyrf is the same as sdpa for 5 tokens")) << result.output;
    EXPECT_TRUE(tiny().exists("dense/smyrf/seed-7/finished")) << "seeds count from train.seed on";
}

TEST_F(Compare, ARunThatFailsIsNamed) {
    const ProgramResult result =
        tiny().run(arguments("diverged", {"optimizer.type=sgd", "optimizer.lr=1e6", "train.clip=0"}));
    EXPECT_EQ(result.code, 1);
    EXPECT_TRUE(contains(result.errors, "4 of the runs failed (sdpa, seed 3: ")) << result.errors;
}

TEST_F(Compare, WhatCannotBeComparedIsRefused) {
    const auto refused = [&](const Arguments& call, const std::string& part) {
        Arguments all = {"compare"};
        all.insert(all.end(), call.begin(), call.end());
        expect_error(tiny().run(all), 2, part);
    };
    refused({}, "a recipe file or the folders of finished runs are needed");
    refused({"missing.yaml"}, "missing.yaml");
    refused({"tiny.yaml", "--attention", "sdpa,supr"}, "super");
    refused({"tiny.yaml", "--attention", "sdpa,sdpa"}, "names sdpa twice");
    refused({"tiny.yaml", "--attention", "sdpa,"}, "--attention expects values with commas between them");
    refused({"tiny.yaml", "--seeds", "0"}, "--seeds expects");
    refused({"tiny.yaml", "--jobs", "x"}, "--jobs expects");
    refused({"tiny.yaml", "--margin", "-1"}, "--margin expects");
    refused({"tiny.yaml", "--grid", "optimizer.lr"}, "--grid expects KEY=VALUE");
    refused({"tiny.yaml", "--grid", "optimizer.lr=1,1"}, "--grid expects different values");
    refused({"tiny.yaml", "--grid", "optimizer.lrr=1,2"}, "lrr");
    refused({"tiny.yaml", "--claims", "none.yaml"}, "none.yaml");
    write_text(tiny().folder / "claims.yaml", "claims:\n  small:\n    type: super\n    than: sdap\n");
    refused({"tiny.yaml", "--claims", "claims.yaml", "--dir", "unclaimed"},
            "claims.yaml:4: claims.small.than expects one of sdpa");
    refused({"tiny.yaml", "--claims", "claims.yaml", "--dir", "unclaimed"}, "got \"sdap\" (did you mean sdpa?)");
    refused({"tiny.yaml", "--metric", "accuarcy", "--dir", "unclaimed"}, "did you mean accuracy?");
    refused({"tiny.yaml", "precision=tf32", "--dir", "unclaimed"}, "tf32 goes with device=cuda");
    EXPECT_FALSE(tiny().exists("unclaimed")) << "found before anything is trained";
    refused({"tiny.yaml", "--match", "size"}, "--match expects parameters or multiplies");
    refused({"tiny.yaml", "--baseline", "spda"}, "did you mean sdpa?");
    refused({"tiny.yaml", "--name", "a", "--dir", "b"}, "exclude each other");
    refused({"tiny.yaml", "attention.type=super"}, "--attention names the types");
    for (const Arguments& call : {Arguments{"tiny.yaml", "--grid", "train.seed=1,2"},
                                  Arguments{"tiny.yaml", "--match", "parameters", "--match-by", "train.seed"}}) {
        refused(call, "train.seed is decided by the comparison");
    }
    refused({"tiny.yaml", "data"}, "expected one recipe");
    refused({"data", "tiny.yaml"}, "expected a run folder, got data, which is none");
    refused({"tiny.yaml", "train.test=false"}, "train.test is decided by the comparison");
    refused({"tiny.yaml", "attention.clusters=4"}, "did you mean cluster?");
    refused({"tiny.yaml", "--dir", "data"}, "it holds files but no comparison");
    const ProgramResult nowhere = tiny().run({"compare", "tiny.yaml", "--dir", "none", "data.root=nowhere"});
    EXPECT_EQ(nowhere.code, 2);
    EXPECT_TRUE(contains(nowhere.errors, "heed: error: sdpa, seed 3: expected the folder of idx"));
    EXPECT_FALSE(contains(nowhere.errors, "run 2 of 25")) << "what no run can have ends it at once";
}

}  // namespace
}  // namespace heed::test::compare_test
