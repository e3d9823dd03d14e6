#include "heed/trainers/record/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <limits>
#include <optional>
#include <vector>

#include "heed/tests/support/environment.h"
#include "heed/tests/support/message_of.h"
#include "heed/trainers/record/terminal.h"

namespace heed::progress_test {
namespace {

using test::begins_with;
using test::contains;
using test::Environment;

double now = 0.0;
double test_clock() {
    return now;
}

/// Everything that can be read without waiting.
std::string drain(int descriptor) {
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
    std::string text;
    char part[4096];
    for (ssize_t n; (n = read(descriptor, part, sizeof part)) > 0;) text.append(part, static_cast<size_t>(n));
    return text;
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
    std::vector<std::string> parts;
    size_t at = 0;
    for (size_t next; (next = text.find(separator, at)) != std::string::npos; at = next + separator.size()) {
        parts.push_back(text.substr(at, next - at));
    }
    parts.push_back(text.substr(at));
    return parts;
}

struct Pipe {
    Pipe() {
        if (pipe(ends) != 0) throw std::runtime_error("no pipe");
    }
    ~Pipe() {
        close(ends[0]);
        close(ends[1]);
    }
    int ends[2];
};

/// A terminal of a given width: what is written to `side` can be read from `other`.
struct PseudoTerminal {
    explicit PseudoTerminal(unsigned short width) {
        other = posix_openpt(O_RDWR | O_NOCTTY);
        if (other < 0 || grantpt(other) != 0 || unlockpt(other) != 0) throw std::runtime_error("no terminal");
        side = open(ptsname(other), O_RDWR | O_NOCTTY);
        termios settings;
        tcgetattr(side, &settings);
        cfmakeraw(&settings);
        tcsetattr(side, TCSANOW, &settings);
        resize(width);
    }
    ~PseudoTerminal() {
        close(side);
        close(other);
    }
    void resize(unsigned short width) {
        winsize size{};
        size.ws_col = width;
        size.ws_row = 24;
        ioctl(side, TIOCSWINSZ, &size);
    }
    int side;
    int other;
};

const std::string clear_line = "\r\x1b[K";

struct ProgressTest : testing::Test {
    ProgressTest() { now = 100.0; }
    Environment term{"TERM", "xterm"};
    Environment no_color{"NO_COLOR", "1"};
    const ProgressPlan plan{1000, 10, "images"};
};

TEST_F(ProgressTest, PlainLinesAtTheFirstStepEveryTenSecondsAndEachEpoch) {
    Pipe out;
    Progress progress(plan, out.ends[1], test_clock);
    for (int step = 1; step <= 100; ++step) {
        now += 0.25;
        progress.step(step, 1, 2.0 + (step == 100 ? 1.0 : 0.0), 100, 0.25);
    }
    progress.pause("validation");
    now += 5.0;
    EXPECT_EQ(progress.end_epoch("loss 2.0100  validation loss 0.5000  accuracy 81.25 %"),
              "epoch 1/10  loss 2.0100  validation loss 0.5000  accuracy 81.25 %  400 images/s  0:30");
    progress.message("saved");
    progress.finish();
    const std::vector<std::string> lines = split(drain(out.ends[0]), "\n");
    ASSERT_EQ(lines.size(), 6u);
    EXPECT_EQ(lines[0], "epoch 1/10  step 1/1000  loss 2.0000  400 images/s");
    EXPECT_EQ(lines[1], "epoch 1/10  step 41/1000  loss 2.0000  400 images/s  4:00 left");
    EXPECT_EQ(lines[2], "epoch 1/10  step 81/1000  loss 2.0000  400 images/s  3:50 left");
    EXPECT_EQ(lines[3], "epoch 1/10  loss 2.0100  validation loss 0.5000  accuracy 81.25 %  400 images/s  0:30");
    EXPECT_EQ(lines[4], "saved");
    EXPECT_EQ(lines[5], "");
}

TEST_F(ProgressTest, PausesCountForTheTimeLeftButNotForTheThroughput) {
    Pipe out;
    Progress progress({101, 1, "sentences"}, out.ends[1], test_clock);
    for (int step = 1; step <= 10; ++step) {
        now += 1.0;
        progress.step(step, 1, 1.0, 5, 1.0);
    }
    progress.pause("validation");
    now += 90.0;
    progress.step(11, 1, 1.0, 5, 1.0);
    const std::vector<std::string> lines = split(drain(out.ends[0]), "\n");
    EXPECT_EQ(lines.at(1), "epoch 1/1  step 11/101  loss 1.0000  5.00 sentences/s  14:51 left");
}

TEST_F(ProgressTest, TheSpeedOfAnEpochIsThatOfAllItsStepsAndOfNothingElse) {
    Pipe out;
    Progress progress(plan, out.ends[1], test_clock);
    for (int step = 1; step <= 3; ++step) {
        now += 7.0;  // with saving and looking around
        progress.step(step, 1, 1.0, 10, step == 1 ? 3.0 : 1.0);
    }
    EXPECT_EQ(progress.end_epoch(""), "epoch 1/10  6.00 images/s  0:21");
    now += 1.0;
    progress.step(4, 2, 1.0, 10, 1.0);
    EXPECT_EQ(progress.end_epoch(""), "epoch 2/10  10 images/s  0:01");
}

TEST_F(ProgressTest, AResumedTrainingMeasuresItsOwnStepsOnly) {
    Pipe out;
    Progress progress(plan, out.ends[1], test_clock);
    for (int step = 901; step <= 912; ++step) {
        now += 1.0;
        progress.step(step, 10, 1.0, 64, 1.0);
    }
    EXPECT_TRUE(contains(drain(out.ends[0]), "step 911/1000  loss 1.0000  64 images/s  1:29 left\n"));
}

TEST_F(ProgressTest, AnEpochWithoutStepsHasNoSpeed) {
    Pipe out;
    Progress progress(plan, out.ends[1], test_clock);
    progress.end_epoch("accuracy 80 %");
    EXPECT_EQ(drain(out.ends[0]), "epoch 0/10  accuracy 80 %  0:00\n");
}

TEST_F(ProgressTest, UnusualLossesAndLongTimes) {
    Pipe out;
    Progress progress({100000000, 10, "images"}, out.ends[1], test_clock);
    progress.step(1, 1, std::numeric_limits<double>::quiet_NaN(), 1, 10.0);
    now += 10.0;
    progress.step(2, 1, 123456.0, 1, 10.0);
    const std::string text = drain(out.ends[0]);
    EXPECT_TRUE(contains(text, "loss nan  0.10 images/s\n"));
    EXPECT_TRUE(contains(text, "loss 1.235e+05  0.10 images/s  277777:46:20 left\n"));
}

TEST_F(ProgressTest, ABarThatFillsTheWidthAtMostTenTimesASecond) {
    PseudoTerminal terminal(100);
    std::string text;
    {
        Progress progress(plan, terminal.side, test_clock);
        for (int step = 1; step <= 500; ++step) {
            now += 0.01;
            progress.step(step, 5, 0.5, 32, 0.01);
            text += drain(terminal.other);
        }
    }
    text += drain(terminal.other);
    std::vector<std::string> draws = split(text, clear_line);
    EXPECT_EQ(draws.front(), "");
    EXPECT_EQ(draws.back(), "") << "the bar must be removed at the end";
    EXPECT_GE(draws.size(), 45u);
    EXPECT_LE(draws.size(), 53u);
    for (size_t i = 1; i + 1 < draws.size(); ++i) {
        EXPECT_EQ(draws[i].size(), 99u) << draws[i];
        EXPECT_EQ(draws[i].find_first_of("\n\x1b"), std::string::npos);
    }
    const std::string& last = draws[draws.size() - 2];
    EXPECT_TRUE(begins_with(last, "epoch 5/10 [===="));
    EXPECT_TRUE(contains(last, "=    "));
    EXPECT_TRUE(contains(last, "/1000  loss 0.5000  3200 images/s  0:05 left"));
    const auto filled = std::count(last.begin(), last.end(), '=');
    const auto inside = static_cast<std::ptrdiff_t>(last.find(']') - last.find('[') - 1);
    EXPECT_NEAR(static_cast<double>(filled), 0.5 * static_cast<double>(inside), 1.0);
}

TEST_F(ProgressTest, TheBarFollowsTheWidth) {
    PseudoTerminal terminal(200);
    Progress progress(plan, terminal.side, test_clock);
    for (const unsigned short width : {200, 90, 80, 50, 20, 2, 1}) {
        terminal.resize(width);
        for (int step = 1; step <= 3; ++step) {
            now += 1.0;
            progress.step(step, 1, 1.0, 8, 1.0);
        }
        const std::string draw = split(drain(terminal.other), clear_line).back();
        EXPECT_LT(draw.size(), static_cast<size_t>(width));
        EXPECT_EQ(contains(draw, "["), width >= 80) << width;
        if (width >= 80) {
            EXPECT_EQ(draw.size() + 1, width);
        }
    }
}

TEST_F(ProgressTest, PermanentLinesStandAboveTheBar) {
    PseudoTerminal terminal(100);
    Progress progress(plan, terminal.side, test_clock);
    progress.message("before the first step");
    EXPECT_EQ(drain(terminal.other), "before the first step\n");
    progress.step(1, 1, 1.0, 8, 0.0);
    drain(terminal.other);
    progress.message("saved");
    const std::string text = drain(terminal.other);
    EXPECT_TRUE(begins_with(text, clear_line + "saved\n" + clear_line + "epoch 1/10 ["));
    progress.pause("validation");
    EXPECT_TRUE(contains(drain(terminal.other), "loss 1.0000  validation"));
    progress.end_epoch("accuracy 80 %");
    EXPECT_TRUE(begins_with(drain(terminal.other), clear_line + "epoch 1/10  accuracy 80 %  0:00\n"));
    progress.finish();
    progress.finish();
    EXPECT_EQ(drain(terminal.other), clear_line);
}

TEST_F(ProgressTest, ColoursUnlessTheyAreUnwanted) {
    const auto drawn = [&] {
        PseudoTerminal terminal(120);
        Progress progress(plan, terminal.side, test_clock);
        progress.step(500, 5, 1.0, 8, 1.0);
        return drain(terminal.other);
    };
    EXPECT_FALSE(contains(drawn(), "\x1b[32m"));
    const Environment empty("NO_COLOR", "");
    EXPECT_TRUE(contains(drawn(), "[\x1b[32m="));
    const Environment unset("NO_COLOR", nullptr);
    EXPECT_TRUE(contains(drawn(), "=\x1b[0m "));
}

TEST_F(ProgressTest, ADumbTerminalGetsPlainLines) {
    for (const char* name : {"dumb", "", static_cast<const char*>(nullptr)}) {
        const Environment dumb("TERM", name);
        PseudoTerminal terminal(120);
        EXPECT_FALSE(is_interactive(terminal.side));
        Progress progress(plan, terminal.side, test_clock);
        progress.step(1, 1, 1.0, 8, 0.0);
        EXPECT_EQ(drain(terminal.other), "epoch 1/10  step 1/1000  loss 1.0000\n");
    }
}

TEST_F(ProgressTest, AStreamThatCannotBeWrittenToIsIgnored) {
    const sighandler_t former = std::signal(SIGPIPE, SIG_IGN);
    Pipe out;
    close(out.ends[0]);
    out.ends[0] = -1;
    Progress progress(plan, out.ends[1], test_clock);
    progress.step(1, 1, 1.0, 8, 0.0);
    progress.end_epoch("");
    Progress closed(plan, -1, test_clock);
    closed.step(1, 1, 1.0, 8, 1.0);
    std::signal(SIGPIPE, former);
}

TEST(Terminal, WidthIsEightyWhereThereIsNone) {
    Pipe out;
    EXPECT_EQ(terminal_width(out.ends[1]), 80);
    PseudoTerminal unknown(0);
    EXPECT_EQ(terminal_width(unknown.side), 80);
    PseudoTerminal terminal(132);
    EXPECT_EQ(terminal_width(terminal.side), 132);
}

TEST(Terminal, TheClockGoesForward) {
    const double before = monotonic_seconds();
    EXPECT_LE(before, monotonic_seconds());
}

}  // namespace
}  // namespace heed::progress_test
