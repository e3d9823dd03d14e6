#include "heed/trainers/loop/schedule.h"
#include "heed/tests/support/close.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "heed/trainers/optimizers/adam.h"

namespace heed::schedule_test {
namespace {

AdamWOptions options_with(const char* schedule, Span warmup) {
    AdamWOptions options;
    options.lr = 0.1;
    options.min_lr = 0.02;
    options.schedule = schedule;
    options.warmup = warmup;
    return options;
}

TEST(Schedule, RisesLinearlyOverTheWarmup) {
    Schedule schedule(options_with("constant", Span::steps(4)), 100, 10);
    EXPECT_EQ(schedule.warmup_steps(), 4);
    EXPECT_DOUBLE_EQ(schedule.lr(1), 0.025);
    EXPECT_DOUBLE_EQ(schedule.lr(2), 0.05);
    EXPECT_DOUBLE_EQ(schedule.lr(4), 0.1);
    EXPECT_DOUBLE_EQ(schedule.lr(5), 0.1);
    EXPECT_DOUBLE_EQ(schedule.lr(100), 0.1);
}

TEST(Schedule, WarmupInPercentAndEpochs) {
    EXPECT_EQ(Schedule(options_with("linear", Span::percent(5)), 200, 10).warmup_steps(), 10);
    EXPECT_EQ(Schedule(options_with("linear", Span::epochs(2)), 200, 10).warmup_steps(), 20);
}

TEST(Schedule, LinearEndsAtTheLeastRate) {
    Schedule schedule(options_with("linear", Span::steps(0)), 10, 10);
    EXPECT_DOUBLE_EQ(schedule.lr(5), 0.06);
    EXPECT_DOUBLE_EQ(schedule.lr(10), 0.02);
    EXPECT_DOUBLE_EQ(schedule.lr(11), 0.02);
}

TEST(Schedule, CosineFollowsItsFormula) {
    Schedule schedule(options_with("cosine", Span::steps(20)), 100, 10);
    for (int64_t step = 20; step <= 100; ++step) {
        const double progress = static_cast<double>(step - 20) / 80.0;
        const double expected = 0.02 + 0.08 * 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
        EXPECT_CLOSE(schedule.lr(step), expected, 1e-12) << "step " << step;
    }
}

TEST(Schedule, InverseSquareRootMeetsTheWarmup) {
    AdamWOptions options = options_with("inverse_sqrt", Span::steps(4));
    options.min_lr = 0.01;
    Schedule schedule(options, 1000, 10);
    EXPECT_DOUBLE_EQ(schedule.lr(2), 0.05);
    EXPECT_DOUBLE_EQ(schedule.lr(4), 0.1);
    EXPECT_DOUBLE_EQ(schedule.lr(16), 0.05);
    EXPECT_DOUBLE_EQ(schedule.lr(100), 0.02);
    EXPECT_DOUBLE_EQ(schedule.lr(1000), 0.01) << "not below min_lr";
}

TEST(Schedule, StepFallsAtRegularSteps) {
    AdamWOptions options = options_with("step", Span::steps(2));
    options.min_lr = 0;
    options.step_every = Span::epochs(3);
    options.step_factor = 0.5;
    Schedule schedule(options, 100, 10);
    EXPECT_DOUBLE_EQ(schedule.lr(1), 0.05);
    EXPECT_DOUBLE_EQ(schedule.lr(30), 0.1);
    EXPECT_DOUBLE_EQ(schedule.lr(31), 0.05);
    EXPECT_DOUBLE_EQ(schedule.lr(60), 0.05);
    EXPECT_DOUBLE_EQ(schedule.lr(91), 0.0125);
}

/// PyTorch: OneCycleLR(max_lr=0.1, total_steps=10, pct_start=0.4, div_factor=25, final_div_factor=0.2), whose last
/// learning rate is 0.02.
TEST(Schedule, OneCycleIsThatOfPyTorch) {
    Schedule schedule(options_with("one_cycle", Span::percent(40)), 10, 10);
    const double cosine_step = 0.5 * (1.0 + std::cos(std::numbers::pi / 3.0));
    EXPECT_DOUBLE_EQ(schedule.lr(1), 0.004);
    EXPECT_CLOSE(schedule.lr(2), 0.1 + (0.004 - 0.1) * cosine_step, 1e-12);
    EXPECT_DOUBLE_EQ(schedule.lr(4), 0.1);
    EXPECT_CLOSE(schedule.lr(7), 0.5 * (0.1 + 0.02), 1e-12);
    EXPECT_DOUBLE_EQ(schedule.lr(10), 0.02);
    for (const int64_t warmup : {0, 1}) {
        EXPECT_DOUBLE_EQ(Schedule(options_with("one_cycle", Span::steps(warmup)), 10, 10).lr(10), 0.02);
    }
    EXPECT_DOUBLE_EQ(Schedule(options_with("one_cycle", Span::steps(1)), 10, 10).lr(1), 0.1);
}

TEST(Schedule, ALongerTrainingStretchesTheCurve) {
    Schedule before(options_with("cosine", Span::steps(0)), 100, 10);
    Schedule after(options_with("cosine", Span::steps(0)), 200, 10);
    EXPECT_DOUBLE_EQ(after.lr(100), before.lr(50));
}

TEST(Schedule, TheGreatestRateIsThatOfAllSteps) {
    for (const char* name : {"constant", "linear", "cosine", "inverse_sqrt", "step", "one_cycle"}) {
        for (const int64_t warmup : {0, 1, 3, 7, 8, 20}) {
            for (const int64_t total : {1, 2, 7, 8}) {
                const Schedule schedule(options_with(name, Span::steps(warmup)), total, 4);
                double greatest = 0.0;
                for (int64_t step = 1; step <= total; ++step) greatest = std::max(greatest, schedule.lr(step));
                EXPECT_EQ(schedule.greatest_lr(), greatest) << name << " " << warmup << " " << total;
            }
        }
    }
}

}  // namespace
}  // namespace heed::schedule_test
