#include "heed/trainers/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace heed {
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
        EXPECT_NEAR(schedule.lr(step), expected, 1e-12) << "step " << step;
    }
}

TEST(Schedule, ALongerTrainingStretchesTheCurve) {
    Schedule before(options_with("cosine", Span::steps(0)), 100, 10);
    Schedule after(options_with("cosine", Span::steps(0)), 200, 10);
    EXPECT_DOUBLE_EQ(after.lr(100), before.lr(50));
}

}  // namespace
}  // namespace heed
