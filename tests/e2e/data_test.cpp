#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "heed/tests/e2e/program.h"
#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/archives.h"
#include "heed/tests/support/http_server.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::data_test {
namespace {

namespace fs = std::filesystem;

/// spa-eng.zip as far as its published length goes: the one archive of the catalogue without a published checksum.
std::string sentence_pairs() {
    constexpr size_t published_size = 2'638'744;
    const auto archive = [](const std::string& text) { return zip({{"spa-eng/"}, {"spa-eng/spa.txt", text}}); };
    std::string text = "Go.\tVe.\n";
    const size_t size = published_size - archive("").size();
    for (int i = 1; text.size() < size - 100; ++i) {
        text += "Go " + std::to_string(i) + ".\tVe " + std::to_string(i) + ".\n";
    }
    text += "Stop.\t";
    text.resize(size - 1, 'a');
    text += '\n';
    return archive(text);
}

class Data : public testing::Test {
protected:
    Data() {
        setenv("HEED_DATA_MIRROR", server_.url().c_str(), 1);
        unsetenv("HEED_DATA");
    }
    ~Data() override { unsetenv("HEED_DATA_MIRROR"); }

    HttpAnswer answer(const HttpRequest& request) {
        if (request.path == "/silent/spa_eng/spa-eng.zip") return {.never = true};
        if (request.path != "/spa_eng/spa-eng.zip") return {.status = 404};
        HttpAnswer answer = file_answer(request, pairs_, "\"1\"");
        if (interrupt_) {
            answer.body.resize(1'000'000);
            answer.announced = static_cast<int64_t>(pairs_.size());
            answer.hold = true;
        }
        return answer;
    }

    ProgramResult run(const std::vector<std::string>& arguments) { return run_program(folder_.path(), arguments); }

    const std::string pairs_ = sentence_pairs();
    std::atomic<bool> interrupt_ = false;
    TemporaryFolder folder_;
    HttpServer server_{[this](const HttpRequest& request) { return answer(request); }};
};

TEST_F(Data, ListShowsWhatIsHereAndWhatIsNot) {
    write_tiny_images(folder_ / "data/mnist", {.train = 20, .test = 10});
    const ProgramResult table = run({"data", "list"});
    ASSERT_EQ(table.code, 0) << table.errors;
    for (const char* part : {"data/mnist\n", "not here", "170.1 MB", "licence: ", "Krizhevsky"}) {
        EXPECT_TRUE(contains(table.output, part));
    }
    const auto json = nlohmann::json::parse(run({"data", "list", "--json"}).output);
    bool seen = false;
    for (const auto& entry : json) {
        if (entry.at("name") == "cifar100") {
            EXPECT_TRUE(entry.at("here").is_null());
        }
        if (entry.at("name") != "mnist") continue;
        seen = true;
        EXPECT_EQ(entry.at("here"), "data/mnist");
        EXPECT_EQ(entry.at("download"), 11'594'722);
        EXPECT_EQ(entry.at("recipe"), "data.name=mnist");
    }
    EXPECT_TRUE(seen);
}

TEST_F(Data, GetFetchesUnpacksAndTellsThatItIsNotVerified) {
    const ProgramResult first = run({"data", "get", "spa_eng"});
    ASSERT_EQ(first.code, 0) << first.errors;
    EXPECT_TRUE(contains(first.output, "spa-eng.zip: 2638744 bytes, from " + server_.url("/spa_eng/spa-eng.zip")));
    EXPECT_TRUE(contains(first.output, "spa_eng is in 'data/spa-eng'; it was not verified"));
    EXPECT_TRUE(read_text(folder_ / "data/spa-eng/spa.txt").starts_with("Go.\tVe.\n"));
    EXPECT_FALSE(fs::exists(folder_ / "data/spa-eng.zip"));
    EXPECT_TRUE(contains(run({"data", "get", "spa_eng"}).output, "already in 'data/spa-eng'"));
    EXPECT_EQ(server_.requests().size(), 1u);

    EXPECT_TRUE(contains(run({"data", "info", "spa_eng", "--verify"}).output, "right: 1 files"));
    std::string changed = read_text(folder_ / "data/spa-eng/spa.txt");
    changed.replace(changed.find("Ve."), 3, "Va.");
    write_text(folder_ / "data/spa-eng/spa.txt", changed);
    const ProgramResult wrong = run({"data", "info", "spa_eng", "--verify"});
    EXPECT_EQ(wrong.code, 1);
    EXPECT_TRUE(contains(wrong.output, "different: 1 of 1 files"));
}

TEST_F(Data, InterruptedGetGoesOn) {
    interrupt_ = true;
    {
        Program program(folder_.path(), {"data", "get", "spa_eng", "--to", "sets"});
        const std::string part = folder_ / "sets/spa-eng.zip.part";
        for (int i = 0; i < 1000 && !(fs::exists(part) && fs::file_size(part) == 1'000'000); ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        program.send(SIGINT);
        EXPECT_EQ(program.wait().code, 128 + SIGINT);
        EXPECT_EQ(fs::file_size(part), 1'000'000u);
    }
    interrupt_ = false;
    const ProgramResult result = run({"data", "get", "spa_eng", "--to", "sets"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "going on from byte 1000000 of 2638744"));
    EXPECT_EQ(server_.requests().back().headers.at("range"), "bytes=1000000-");
    EXPECT_TRUE(fs::exists(folder_ / "sets/spa-eng/spa.txt"));
}

TEST_F(Data, WhatTheServerLacksIsAnError) {
    expect_error(run({"data", "get", "mnist", "--mirror", server_.url() + "/"}), 1,
                 "cannot get train-images-idx3-ubyte.gz from " + server_.url("/mnist/train-images-idx3-ubyte.gz") +
                     ": the server answers 404 (not found)");
    expect_error(run({"data", "get", "spa_eng", "--mirror", server_.url("/silent"), "--timeout", "1"}), 1,
                 "the server sent no answer for 1 s");
}

TEST_F(Data, InfoOpensWhatIsHere) {
    write_tiny_images(folder_ / "data/mnist", {.train = 20, .test = 10, .gzip = true});
    const ProgramResult text = run({"data", "info", "mnist"});
    ASSERT_EQ(text.code, 0) << text.errors;
    for (const char* part : {"https://storage.googleapis.com/cvdf-datasets/mnist/", "data/mnist", "10 classes",
                             "TensorFlow Datasets", "not compared"}) {
        EXPECT_TRUE(contains(text.output, part));
    }
    const auto json = nlohmann::json::parse(run({"data", "info", "--json", "data/mnist"}).output);
    EXPECT_EQ(json.at("train"), 20);
    EXPECT_EQ(json.at("test"), 10);
    EXPECT_EQ(json.at("shape"), "1x28x28");
    EXPECT_EQ(json.at("may be").at(0), "mnist");
    const ProgramResult verified = run({"data", "info", "mnist", "--verify", "--json"});
    EXPECT_EQ(verified.code, 1);
    EXPECT_EQ(nlohmann::json::parse(verified.output).at("checksums").at("problems").size(), 4u);

    const ProgramResult file = run({"data", "info", "data/mnist/t10k-labels-idx1-ubyte.gz"});
    EXPECT_TRUE(contains(file.output, "the catalogue has no file with this checksum"));
    fs::resize_file(folder_ / "data/mnist/train-images-idx3-ubyte.gz", 50);
    EXPECT_EQ(run({"data", "info", "mnist"}).code, 2);
    EXPECT_TRUE(contains(run({"data", "info", "cifar10"}).output, "no; heed data get cifar10"));
}

TEST_F(Data, TextsAndPairsAreKnownToo) {
    EXPECT_TRUE(contains(run({"data", "info", "sst2"}).output, "put train.tsv, dev.tsv and test.tsv"));
    EXPECT_TRUE(contains(run({"data", "list"}).output, "parallel_files"));
    fs::create_directories(folder_ / "data/sst2");
    write_text(folder_ / "data/sst2/train.tsv", "sentence\tlabel\ngood\t1\nbad\t0\nworse\t0\n");
    write_text(folder_ / "data/sst2/dev.tsv", "sentence\tlabel\nfine\t1\n");
    const ProgramResult texts = run({"data", "info", "sst2"});
    EXPECT_EQ(texts.code, 0) << texts.errors;
    EXPECT_TRUE(contains(texts.output, "negative"));
    EXPECT_TRUE(contains(run({"data", "list"}).output, "here: data/sst2"));
    const auto json = nlohmann::json::parse(run({"data", "info", "sst2", "--json"}).output);
    EXPECT_EQ(json.at("train"), 3);
    EXPECT_EQ(json.at("test"), 1);
    EXPECT_EQ(json.at("classes").at(1), "positive");
    write_text(folder_ / "data/sst2/dev.tsv", "sentence\tlabel\nfine\t2\n");
    EXPECT_EQ(run({"data", "info", "sst2"}).code, 2);

    ASSERT_EQ(run({"data", "get", "spa_eng"}).code, 0);
    for (const char* name : {"spa_eng", "en_es"}) {
        EXPECT_TRUE(contains(run({"data", "info", name}).output, "test        2000 sentences")) << name;
    }
}

TEST_F(Data, MissingDataOfATrainingNamesTheCommand) {
    write_text(folder_ / "recipe.yaml",
               "model: {type: vit, dim: 8, depth: 1, heads: 2, mlp_dim: 8, patch: 7}\ndata: {name: mnist, root: .}\n");
    const ProgramResult result = run({"train", "recipe.yaml"});
    EXPECT_EQ(result.code, 2);
    EXPECT_TRUE(contains(result.errors, "get it with 'heed data get mnist'"));
}

TEST_F(Data, WrongArgumentsAreRefused) {
    const auto refused = [&](const std::vector<std::string>& arguments, const std::string& part) {
        expect_error(run(arguments), 2, part);
    };
    refused({"data"}, "action is required");
    refused({"data", "lits"}, "(did you mean list?)");
    refused({"data", "get"}, "expects the name of a data set");
    refused({"data", "get", "mnits"}, "(did you mean mnist?)");
    refused({"data", "get", "mnist", "--verify"}, "--verify belongs to heed data info");
    refused({"data", "get", "mnist", "--timeout", "0"}, "--timeout expects a whole number of seconds");
    refused({"data", "get", "mnist", "--mirror", "ftp://127.0.0.1"}, "--mirror expects an address");
    refused({"data", "list", "mnist"}, "expects no name");
    refused({"data", "list", "--to", "x"}, "--to belongs to heed data get");
    refused({"data", "info", "mnits"}, "(did you mean mnist?)");
    refused({"data", "info", "a", "b"}, "expects one data set");
    EXPECT_FALSE(fs::exists(folder_ / "data"));
}

}  // namespace
}  // namespace heed::test::data_test
