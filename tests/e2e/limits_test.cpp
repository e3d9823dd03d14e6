// ctest: slow
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <filesystem>

#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::limits_test {
namespace {

namespace fs = std::filesystem;

/// What the shell's limits and closed descriptors do to the program.
class Limits : public testing::Test {
protected:
    /// Runs a shell command in the folder of the tiny training; standard error goes to the file errors.
    int shell(const std::string& command) {
        const std::string line = "cd '" + tiny_.folder.path() + "' && { ulimit -c 0; " + command + "; }";
        const int status = std::system(line.c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }

    void expect_one_sentence(const std::string& part = "") {
        const std::string errors = tiny_.file("errors");
        const size_t at = errors.find("heed: error: ");
        ASSERT_NE(at, std::string::npos) << errors;
        EXPECT_EQ(errors.find('\n', at), errors.size() - 1) << errors;
        EXPECT_TRUE(contains(errors.substr(at), part));
    }

    void expect_no_temporary_files() {
        for (const auto& entry : fs::recursive_directory_iterator(tiny_.folder.path())) {
            EXPECT_EQ(entry.path().string().find("heed-tmp"), std::string::npos) << entry.path();
        }
    }

    TinyTraining tiny_;
};

TEST_F(Limits, ClosedDescriptorsDoNotTakeTheOutputOfARun) {
    for (const std::string closed : {"<&-", "2>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"}) {
        const std::string dir = "run" + std::to_string(closed.size());
        EXPECT_EQ(shell("\"$HEED_BINARY\" train tiny.yaml run.dir=" + dir + " " + closed), 0) << closed;
        EXPECT_EQ(tiny_.events(dir, "step").size(), 18u) << closed;
        EXPECT_TRUE(tiny_.file(dir + "/metrics.jsonl").starts_with("{")) << closed;
        EXPECT_EQ(tiny_.file(dir + "/.lock"), "") << closed;
    }
}

TEST_F(Limits, OutputThatCannotBeWrittenIsAnError) {
    EXPECT_EQ(shell("\"$HEED_BINARY\" --version 1>&- 2>errors"), 1);
    expect_one_sentence("cannot write to standard output");
}

TEST_F(Limits, AFileThatMayNotGrowIsAnError) {
    // The pipe: standard error must not be a file under this limit.
    ASSERT_EQ(shell("mkfifo pipe"), 0);
    for (const int blocks : {0, 1, 4, 16}) {
        fs::remove_all(tiny_.folder / "run");
        EXPECT_EQ(shell("cat pipe >errors & (ulimit -f " + std::to_string(blocks) +
                        "; exec \"$HEED_BINARY\" train tiny.yaml run.dir=run 2>pipe); code=$?; wait; exit $code"),
                  1)
            << blocks;
        expect_one_sentence("File too large");
        expect_no_temporary_files();
    }
}

TEST_F(Limits, TooLittleMemoryIsAnErrorAndNoCrash) {
    const std::string train = "\"$HEED_BINARY\" train tiny.yaml run.dir=run model.dim=128 train.epochs=1 2>errors";
    int failed = 0;
    for (int kilobytes = 100'000; kilobytes <= 400'000; kilobytes += 12'500) {
        fs::remove_all(tiny_.folder / "run");
        const int code = shell("ulimit -v " + std::to_string(kilobytes) + "; " + train);
        if (code == 0) break;
        if (code == 127) continue;  // not even the libraries have room
        ++failed;
        EXPECT_EQ(code, 1) << kilobytes << " " << tiny_.file("errors");
        expect_one_sentence();
        expect_no_temporary_files();
    }
    EXPECT_GT(failed, 0);
}

}  // namespace
}  // namespace heed::test::limits_test
