#include "heed/trainers/run/signals.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/trainers/loop/stop_request.h"

namespace heed::signals_test {
namespace {

/// How a child process that runs `f` ends: its exit code, or minus the signal that ended it.
template <class F>
int ending_of_child(F&& f) {
    const pid_t child = fork();
    if (child == 0) {
        std::signal(SIGINT, SIG_DFL);
        std::signal(SIGTERM, SIG_DFL);
        f();
        _exit(42);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/// To the process, as Ctrl-C and kill do; std::raise would send it to this thread, which blocks it.
void send(int signal) {
    kill(getpid(), signal);
}

/// A signal is received by another thread: whether `condition` becomes true within ten seconds.
template <class Condition>
bool becomes_true(Condition&& condition) {
    for (int i = 0; i < 10000; ++i) {
        if (condition()) return true;
        usleep(1000);
    }
    return false;
}

void wait_for_the_end() {
    sleep(10);
}

struct SignalsTest : testing::Test {
    SignalsTest() { former_ = std::signal(SIGINT, SIG_DFL); }
    ~SignalsTest() override { std::signal(SIGINT, former_); }

private:
    sighandler_t former_;
};

TEST_F(SignalsTest, AFirstSignalIsRemembered) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        const SignalThread thread;
        const StopSignals stop;
        EXPECT_FALSE(stop.requested());
        EXPECT_EQ(stop.signal(), 0);
        EXPECT_NO_THROW(stop_point());
        send(signal);
        EXPECT_TRUE(becomes_true([&] { return stop.requested(); }));
        EXPECT_EQ(stop.signal(), signal);
        EXPECT_THROW(stop_point(), Stopped);
    }
    EXPECT_NO_THROW(stop_point());
}

TEST_F(SignalsTest, ASecondSignalEndsTheProcess) {
    for (const int first : {SIGINT, SIGTERM, SIGHUP}) {
        for (const int second : {SIGINT, SIGTERM, SIGHUP}) {
            EXPECT_EQ(ending_of_child([&] {
                          const SignalThread thread;
                          const StopSignals stop;
                          send(first);
                          if (!becomes_true([&] { return stop.requested(); })) _exit(1);
                          send(second);
                          wait_for_the_end();
                      }),
                      -second);
        }
    }
}

TEST_F(SignalsTest, WithoutStopSignalsTheFirstEndsTheProcess) {
    const test::TemporaryFolder folder;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        EXPECT_EQ(ending_of_child([&] {
                      const SignalThread thread;
                      { const StopSignals stop; }
                      AtomicFile file(folder / "file");
                      file.write("half");
                      send(signal);
                      wait_for_the_end();
                  }),
                  128 + signal);
        EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "a temporary file was left behind";
    }
}

TEST_F(SignalsTest, TheFormerHandlingComesBack) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        EXPECT_EQ(ending_of_child([&] {
                      {
                          const SignalThread thread;
                          const StopSignals stop;
                          send(signal);
                          if (!becomes_true([&] { return stop.requested(); })) _exit(1);
                      }
                      std::raise(signal);
                  }),
                  -signal);
    }
    static volatile std::sig_atomic_t seen = 0;
    const sighandler_t former = std::signal(SIGTERM, [](int) { seen = 1; });
    {
        const SignalThread thread;
        const StopSignals stop;
    }
    std::raise(SIGTERM);
    EXPECT_EQ(seen, 1);
    std::signal(SIGTERM, former);
}

TEST_F(SignalsTest, AHandlerOfBeforeDoesNotRun) {
    static volatile std::sig_atomic_t seen = 0;
    const sighandler_t former = std::signal(SIGTERM, [](int) { seen = 1; });
    {
        const SignalThread thread;
        const StopSignals stop;
        send(SIGTERM);
        EXPECT_TRUE(becomes_true([&] { return stop.requested(); }));
    }
    EXPECT_EQ(seen, 0);
    std::signal(SIGTERM, former);
}

TEST_F(SignalsTest, AnIgnoredInterruptStaysIgnored) {
    EXPECT_EQ(ending_of_child([] {
                  std::signal(SIGINT, SIG_IGN);
                  std::signal(SIGTERM, SIG_IGN);  // nobody means that: a service has to be stoppable
                  const SignalThread thread;
                  const StopSignals stop;
                  send(SIGINT);
                  send(SIGINT);
                  usleep(20000);
                  if (stop.requested()) _exit(1);
                  send(SIGTERM);
                  if (!becomes_true([&] { return stop.signal() == SIGTERM; })) _exit(2);
              }),
              42);
}

TEST_F(SignalsTest, OnlyOneAtATime) {
    {
        const SignalThread thread;
        const StopSignals stop;
        EXPECT_THROW(StopSignals(), Error);
        EXPECT_THROW(SignalThread(), Error);
    }
    EXPECT_THROW(StopSignals(), Error) << "nobody receives the signals";
    const SignalThread thread;
    EXPECT_FALSE(StopSignals().requested()) << "a new one begins anew";
}

}  // namespace
}  // namespace heed::signals_test
