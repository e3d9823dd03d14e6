// ctest: slow
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>

#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/number_words.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::signals_test {
namespace {

namespace fs = std::filesystem;

class Signals : public testing::Test {
protected:
    ProgramResult train(const std::string& recipe, const std::string& dir, std::vector<std::string> more = {}) {
        more.insert(more.begin(), {"train", recipe, "run.dir=" + dir});
        return tiny_.run(more);
    }

    /// Sends the signal when the metrics of the run have `lines` lines, and returns how the training ended.
    ProgramResult stop(const std::string& recipe, const std::string& dir, std::vector<std::string> more, int64_t lines,
                       int signal, std::chrono::microseconds later = {}) {
        more.insert(more.begin(), {"train", recipe, "run.dir=" + dir});
        Program program(tiny_.folder.path(), more);
        const std::string metrics = tiny_.folder / (dir + "/metrics.jsonl");
        bool reached = false;
        for (int i = 0; i < 20000 && !reached; ++i) {
            const std::string text = fs::exists(metrics) ? read_text(metrics) : "";
            reached = std::count(text.begin(), text.end(), '\n') >= lines;
            std::this_thread::sleep_for(std::chrono::microseconds(500));
        }
        EXPECT_TRUE(reached) << program.errors();
        std::this_thread::sleep_for(later);
        program.send(signal);
        return program.wait();
    }

    int64_t metrics_lines(const std::string& dir) {
        const std::string metrics = tiny_.folder / (dir + "/metrics.jsonl");
        const std::string text = fs::exists(metrics) ? read_text(metrics) : "";
        return std::count(text.begin(), text.end(), '\n');
    }

    /// Stops and resumes a training until it has ended; its bits are those of one that was not disturbed.
    void stop_again_and_again(const std::string& recipe) {
        const ProgramResult whole = train(recipe, "whole");
        ASSERT_EQ(whole.code, 0) << whole.errors;
        std::mt19937 random(7);
        int stopped = 0;
        for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGTERM, SIGINT, SIGHUP}) {
            const std::chrono::microseconds later(random() % 30000);
            const std::vector<std::string> resume(stopped > 0 ? 1 : 0, "--resume");
            const ProgramResult result = stop(recipe, "stopped", resume, metrics_lines("stopped") + 2, signal, later);
            EXPECT_EQ(result.signal, 0) << result.errors;
            if (result.code == 0) break;
            ASSERT_EQ(result.code, 128 + signal) << result.errors;
            EXPECT_TRUE(contains(result.errors, "go on with --resume"));
            ++stopped;
        }
        EXPECT_GE(stopped, 3);
        const ProgramResult last = train(recipe, "stopped", {"--resume"});
        ASSERT_EQ(last.code, 0) << last.errors;
        EXPECT_TRUE(tiny_.last_checkpoint("stopped") == tiny_.last_checkpoint("whole"));
        EXPECT_EQ(tiny_.losses("stopped"), tiny_.losses("whole"));
        EXPECT_EQ(tiny_.values("stopped", "test", "loss"), tiny_.values("whole", "test", "loss"));
    }

    TinyTraining tiny_;
};

/// So wide that oneDNN's kernels with the stack pointer in the heap take most of the time.
TEST_F(Signals, DoNoHarmToAWideTextClassifier) {
    std::string rows = "text,label\n";
    for (int i = 0; i < 60; ++i) rows += english_number(i) + "," + (i % 3 == 0 ? "yes" : "no") + "\n";
    write_text(tiny_.folder / "texts.csv", rows);
    write_text(tiny_.folder / "wide.yaml",
               "model: {type: text_classifier, dim: 256, depth: 2, heads: 2, mlp_dim: 512}\n"
               "data: {name: text_files, train_file: texts.csv, batch: 4, length: 8, validation: 0.2, test: 0.2}\n"
               "tokenizer: {type: word, vocabulary: 100}\n"
               "train: {epochs: 6, seed: 1}\n"
               "threads: 2\n");
    stop_again_and_again("wide.yaml");
}

TEST_F(Signals, DoNoHarmToAWideTranslator) {
    std::string pairs;
    for (int i = 0; i < 100; ++i) pairs += english_number(i) + "\t" + spanish_number(i) + "\n";
    write_text(tiny_.folder / "pairs.tsv", pairs);
    write_text(tiny_.folder / "wide.yaml",
               "model: {type: translator, dim: 256, encoder_depth: 1, decoder_depth: 1, heads: 2, mlp_dim: 512}\n"
               "data: {name: parallel_files, pair_files: [pairs.tsv], root: '', tokens: 16, length: 8,\n"
               "       validation: 5, test: 5}\n"
               "tokenizer: {type: word, vocabulary: 100}\n"
               "train: {epochs: 3, seed: 3}\n"
               "threads: 2\n");
    stop_again_and_again("wide.yaml");
}

/// A training of few steps whose validation or test takes long.
class LongEvaluation : public Signals {
protected:
    LongEvaluation() {
        write_tiny_images(tiny_.folder / "large",
                          {.train = 30'000, .test = 30'000, .height = 8, .width = 8, .classes = 4});
    }

    static std::vector<std::string> settings(const std::string& validation, bool resume = false) {
        std::vector<std::string> all = {"data.root=large", "train.steps=2", "data.validation=" + validation,
                                        "data.batch=100", "model.mlp_dim=1024"};
        if (resume) all.emplace_back("--resume");
        return all;
    }
};

TEST_F(LongEvaluation, AValidationIsStoppedAtOnceAndMadeUpFor) {
    const ProgramResult stopped = stop("tiny.yaml", "stopped", settings("0.9"), 2, SIGTERM);
    EXPECT_EQ(stopped.code, 128 + SIGTERM) << stopped.errors;
    EXPECT_TRUE(contains(stopped.errors, "heed: SIGTERM: "));
    EXPECT_TRUE(contains(stopped.errors, "stopped by a signal in the validation after step 2; go on with --resume"));
    EXPECT_TRUE(tiny_.events("stopped", "validation").empty());
    const ProgramResult resumed = train("tiny.yaml", "stopped", settings("0.9", true));
    ASSERT_EQ(resumed.code, 0) << resumed.errors;
    EXPECT_TRUE(contains(resumed.errors, "epoch 1/1  loss"));
    ASSERT_EQ(train("tiny.yaml", "whole", settings("0.9")).code, 0);
    for (const char* event : {"step", "validation", "test"}) {
        EXPECT_EQ(tiny_.values("stopped", event, "loss"), tiny_.values("whole", event, "loss")) << event;
    }
    EXPECT_TRUE(tiny_.last_checkpoint("stopped") == tiny_.last_checkpoint("whole"));
    EXPECT_TRUE(tiny_.file("stopped/checkpoints/best.safetensors") == tiny_.file("whole/checkpoints/best.safetensors"));
}

TEST_F(LongEvaluation, ATestIsStoppedAtOnceAndDoneAfterwards) {
    const ProgramResult stopped = stop("tiny.yaml", "stopped", settings("0"), 2, SIGINT, std::chrono::milliseconds(20));
    EXPECT_EQ(stopped.code, 128 + SIGINT) << stopped.errors;
    EXPECT_TRUE(contains(stopped.errors, "stopped by a signal in the test after step 2; go on with --resume"));
    EXPECT_FALSE(tiny_.exists("stopped/finished"));
    EXPECT_TRUE(tiny_.events("stopped", "test").empty());
    const ProgramResult resumed = train("tiny.yaml", "stopped", settings("0", true));
    ASSERT_EQ(resumed.code, 0) << resumed.errors;
    EXPECT_EQ(tiny_.losses("stopped").size(), 2u) << "only the test was left";
    EXPECT_EQ(tiny_.events("stopped", "test").size(), 1u);
    EXPECT_TRUE(tiny_.exists("stopped/finished"));
}

TEST_F(LongEvaluation, EvalEndsAtOnce) {
    ASSERT_EQ(train("tiny.yaml", "run", {"model.mlp_dim=1024", "model.depth=12", "train.epochs=1"}).code, 0);
    ProgramResult result;
    for (int wait = 100; wait < 4000; wait *= 2) {
        Program program(tiny_.folder.path(), {"eval", "run", "data.root=large"});
        std::this_thread::sleep_for(std::chrono::milliseconds(wait));
        program.send(SIGTERM);
        result = program.wait();
        if (result.signal == 0) break;  // else it had not even begun
    }
    EXPECT_EQ(result.code, 128 + SIGTERM);
    EXPECT_TRUE(contains(result.errors, "heed: stopped by SIGTERM\n"));
    EXPECT_EQ(result.output, "");
}

/// Also while it waits for input.
TEST_F(Signals, PredictEndsAtOnce) {
    std::string rows = "text\tlabel\n";
    for (int i = 0; i < 40; ++i) rows += english_number(i) + "\t" + (i % 3 == 0 ? "yes" : "no") + "\n";
    write_text(tiny_.folder / "texts.tsv", rows);
    write_text(tiny_.folder / "texts.yaml",
               "model: {type: text_classifier, dim: 16, depth: 1, heads: 2, mlp_dim: 16}\n"
               "data: {name: text_files, train_file: texts.tsv, batch: 10, length: 8, validation: 0.1, test: 0.1}\n"
               "tokenizer: {type: word, vocabulary: 100}\n"
               "train: {epochs: 1}\n");
    ASSERT_EQ(train("texts.yaml", "run").code, 0);
    const std::string pipe = tiny_.folder / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        Program program(tiny_.folder.path(), {"predict", "run", "pipe"});
        const int writer = open(pipe.c_str(), O_WRONLY);  // returns when the program has opened its end
        program.send(signal);
        const ProgramResult result = program.wait();
        close(writer);
        EXPECT_EQ(result.code, 128 + signal) << result.errors;
        EXPECT_TRUE(contains(result.errors, "heed: stopped by SIG"));
    }
}

TEST_F(Signals, ASecondOneEndsTheTrainingWithItsLastCheckpointIntact) {
    const std::vector<std::string> settings = {"train", "tiny.yaml", "run.dir=run", "train.epochs=3000",
                                               "train.checkpoint_every=1"};
    Program program(tiny_.folder.path(), settings);
    for (int i = 0; i < 20000 && metrics_lines("run") < 5; ++i) {
        std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
    program.send(SIGTERM);
    program.send(SIGINT);
    const ProgramResult result = program.wait();
    EXPECT_TRUE(result.signal == SIGINT || result.signal == SIGTERM || result.code == 128 + SIGTERM ||
                result.code == 128 + SIGINT)
        << result.code << " " << result.signal;
    const ProgramResult resumed = train("tiny.yaml", "run", {"train.epochs=3", "--resume"});
    EXPECT_TRUE(resumed.code == 0 || contains(resumed.errors, "expects at least what is done")) << resumed.errors;
}

}  // namespace
}  // namespace heed::test::signals_test
