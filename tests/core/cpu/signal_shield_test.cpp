// ctest: processors 2
#include "heed/core/cpu/signal_shield.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "heed/core/cpu/onednn/matrix_product.h"
#include "heed/core/parallel.h"

namespace heed::signal_shield_test {
namespace {

std::atomic<int> handled{0};

void count(int) {
    ++handled;
}

/// A handler without a stack of its own, as most have it.
struct SignalShieldTest : testing::Test {
    SignalShieldTest() {
        handled = 0;
        struct sigaction action = {};
        action.sa_handler = count;
        action.sa_flags = SA_RESTART;
        sigaction(SIGALRM, &action, &former_);
    }
    ~SignalShieldTest() override { sigaction(SIGALRM, &former_, nullptr); }

private:
    struct sigaction former_ = {};
};

/// Sends SIGALRM to this process every `microseconds`.
struct ManySignals {
    explicit ManySignals(int microseconds) { set(microseconds); }
    ~ManySignals() { set(0); }
    static void set(int microseconds) {
        const itimerval interval = {{0, microseconds}, {0, microseconds}};
        setitimer(ITIMER_REAL, &interval, nullptr);
    }
};

TEST_F(SignalShieldTest, HoldsSignalsBackWhileItLives) {
    {
        const SignalShield shield;
        std::raise(SIGALRM);
        { const SignalShield second; }
        EXPECT_EQ(handled, 0) << "the end of an inner shield is not the end of the outer one";
    }
    usleep(1000);  // a point at which the thread sanitizer, too, calls handlers
    EXPECT_EQ(handled, 1);
    std::raise(SIGALRM);
    usleep(1000);
    EXPECT_EQ(handled, 2);
}

TEST_F(SignalShieldTest, FormerlyBlockedSignalsStayBlocked) {
    sigset_t set, mask;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, &mask);
    { const SignalShield shield; }
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, &mask, &now);
    EXPECT_TRUE(sigismember(&now, SIGUSR1));
    EXPECT_FALSE(sigismember(&now, SIGALRM));
}

TEST_F(SignalShieldTest, AnErrorOfTheThreadItselfIsNotHeldBack) {
    EXPECT_DEATH(
        {
            const SignalShield shield;
            std::raise(SIGSEGV);
            _exit(0);
        },
        "");
}

TEST_F(SignalShieldTest, KnowsWhetherASignalHasAHandler) {
    EXPECT_TRUE(any_signal_has_handler());
    std::signal(SIGALRM, SIG_DFL);
    EXPECT_FALSE(any_signal_has_handler());
}

TEST_F(SignalShieldTest, WorkersOfParallelForHandleNoSignals) {
    set_thread_count(2);
    std::atomic<int> unshielded{0}, workers{0};
    const pthread_t caller = pthread_self();
    for (int round = 0; round < 200; ++round) {
        parallel_for(2, 1, [&](int64_t, int64_t) {
            if (pthread_equal(pthread_self(), caller)) {
                std::this_thread::sleep_for(std::chrono::microseconds(200));  // so that a worker takes the other chunk
                return;
            }
            ++workers;
            sigset_t mask;
            pthread_sigmask(SIG_BLOCK, nullptr, &mask);
            if (sigismember(&mask, SIGALRM) == 0 || sigismember(&mask, SIGPROF) == 0) ++unshielded;
        });
    }
    EXPECT_GT(workers, 0);
    EXPECT_EQ(unshielded, 0);
}

/// oneDNN's kernels with the stack pointer in the heap: a handler that runs meanwhile overwrites it.
TEST_F(SignalShieldTest, ThousandsOfSignalsDoNotHarmMatrixProducts) {
    constexpr int64_t side = 256;
    std::vector<float> a(side * side), b(side * side), bias(side);
    std::mt19937 random(1);
    for (auto* values : {&a, &b, &bias}) {
        for (float& value : *values) value = static_cast<float>(random() % 2001) / 1000.0F - 1.0F;
    }
    for (const int threads : {1, 2}) {
        set_thread_count(threads);
        for (int form = 0; form < 8; ++form) {
            MatrixProduct product;
            product.transpose_a = (form & 1) != 0;
            product.transpose_b = (form & 2) != 0;
            product.rows = product.columns = product.inner = side;
            product.a_row_stride = product.b_row_stride = product.c_row_stride = side;
            product.a = a.data();
            product.b = b.data();
            product.bias = (form & 4) != 0 ? bias.data() : nullptr;
            std::vector<float> expected(side * side), c(side * side);
            product.c = expected.data();
            onednn::matrix_product(product);
            product.c = c.data();
            handled = 0;
            const ManySignals signals(50);
            int wrong = 0;
            for (int call = 0; handled < 300; ++call) {
                onednn::matrix_product(product);
                if (std::memcmp(c.data(), expected.data(), c.size() * sizeof(float)) != 0) ++wrong;
            }
            EXPECT_EQ(wrong, 0) << "form " << form << ", threads " << threads;
        }
    }
}

}  // namespace
}  // namespace heed::signal_shield_test
