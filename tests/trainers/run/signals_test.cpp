#include "heed/trainers/run/signals.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "heed/core/error.h"

namespace heed {
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

struct SignalsTest : testing::Test {
    SignalsTest() { former_ = std::signal(SIGINT, SIG_DFL); }
    ~SignalsTest() override { std::signal(SIGINT, former_); }

private:
    sighandler_t former_;
};

TEST_F(SignalsTest, AFirstSignalIsRemembered) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        const StopSignals stop;
        EXPECT_FALSE(stop.requested());
        EXPECT_EQ(stop.signal(), 0);
        std::raise(signal);
        EXPECT_TRUE(stop.requested());
        EXPECT_EQ(stop.signal(), signal);
    }
}

TEST_F(SignalsTest, ASecondSignalEndsTheProcess) {
    for (const int first : {SIGINT, SIGTERM, SIGHUP}) {
        for (const int second : {SIGINT, SIGTERM, SIGHUP}) {
            EXPECT_EQ(ending_of_child([&] {
                          const StopSignals stop;
                          std::raise(first);
                          if (!stop.requested()) _exit(1);
                          std::raise(second);
                      }),
                      -second);
        }
    }
}

TEST_F(SignalsTest, TheFormerHandlingComesBack) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        EXPECT_EQ(ending_of_child([&] {
                      {
                          const StopSignals stop;
                          std::raise(signal);
                      }
                      std::raise(signal);
                  }),
                  -signal);
    }
    static volatile std::sig_atomic_t seen = 0;
    const sighandler_t former = std::signal(SIGTERM, [](int) { seen = 1; });
    { const StopSignals stop; }
    std::raise(SIGTERM);
    EXPECT_EQ(seen, 1);
    std::signal(SIGTERM, former);
}

TEST_F(SignalsTest, AnIgnoredInterruptStaysIgnored) {
    EXPECT_EQ(ending_of_child([] {
                  std::signal(SIGINT, SIG_IGN);
                  const StopSignals stop;
                  std::raise(SIGINT);
                  std::raise(SIGINT);
                  if (stop.requested()) _exit(1);
                  std::raise(SIGTERM);
                  if (stop.signal() != SIGTERM) _exit(2);
              }),
              42);
}

TEST_F(SignalsTest, OnlyOneAtATime) {
    {
        const StopSignals stop;
        EXPECT_THROW(StopSignals(), Error);
    }
    EXPECT_FALSE(StopSignals().requested()) << "a new one begins anew";
}

}  // namespace
}  // namespace heed
