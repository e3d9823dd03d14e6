// ctest: cuda
#include "heed/core/ops/losses/distillation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/kernels/distillation_kernels.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/doubles_of.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::distillation_test {

namespace {

using Path = KernelPath<DistillationKernels>;
using std::vector;

struct Result {
    double sum = 0;
    vector<float> losses, dlogits;
};

struct Case {
    int64_t rows, classes;
    float temperature;
    vector<float> logits, teacher;
    vector<int32_t> targets = {};

    Case(int64_t r, int64_t n, float t)
        : rows(r), classes(n), temperature(t), logits(numbers(r * n, 1, 6)), teacher(numbers(r * n, 2, 6)) {}

    Result run(const Path& path) const {
        Result result;
        result.losses.assign(static_cast<size_t>(rows), 99);
        result.dlogits.assign(logits.size(), 99);
        vector<double> sum(1, -1);
        vector<float> loss(1, -1);
        path.kernels.forward({path.at(logits), path.at(teacher), targets.empty() ? nullptr : path.at(targets),
                              path.at(result.losses), path.at(result.dlogits), rows, classes, temperature, path.at(sum),
                              path.at(loss)});
        EXPECT_EQ(loss[0], static_cast<float>(sum[0]));
        result.sum = sum[0];
        return result;
    }

    /// The loss of one row in double precision, its logits as given.
    double row_loss(const vector<double>& x, int64_t row) const {
        double all_q = 0, all_p = 0, loss = 0;
        const auto teacher_at = [&](int64_t j) { return double{teacher[static_cast<size_t>(row * classes + j)]}; };
        for (int64_t j = 0; j < classes; ++j) {
            all_q += std::exp(x[static_cast<size_t>(j)] / temperature);
            all_p += std::exp(teacher_at(j) / temperature);
        }
        for (int64_t j = 0; j < classes; ++j) {
            const double log_q = x[static_cast<size_t>(j)] / temperature - std::log(all_q);
            const double log_p = teacher_at(j) / temperature - std::log(all_p);
            loss += std::exp(log_p) * (log_p - log_q);
        }
        return loss * temperature * temperature;
    }

    vector<double> row(int64_t index) const {
        const auto begin = logits.begin() + index * classes;
        return {begin, begin + classes};
    }
};

template <class Body>
void for_paths(const Body& body) {
    for_each_path(distillation_kernels, body);
}

TEST(DistillationKernels, MatchTheFormulaAndItsFiniteDifferences) {
    for (const auto& [rows, classes] :
         {std::pair(0, 3), std::pair(1, 1), std::pair(3, 2), std::pair(5, 17), std::pair(2, 64), std::pair(2, 131)}) {
        for (const float temperature : {1.0F, 0.5F, 4.0F}) {
            const Case each(rows, classes, temperature);
            vector<double> losses, slopes;
            double sum = 0;
            for (int64_t row = 0; row < rows; ++row) {
                vector<double> x = each.row(row);
                losses.push_back(each.row_loss(x, row));
                sum += losses.back();
                for (double& value : x) {
                    const double before = value, h = 1e-5;
                    value = before + h;
                    const double above = each.row_loss(x, row);
                    value = before - h;
                    slopes.push_back((above - each.row_loss(x, row)) / (2 * h));
                    value = before;
                }
            }
            for_paths([&](const Path& path) {
                const Result result = each.run(path);
                expect_close(result.losses, losses, 1e-5, 1e-5 * temperature * temperature, "losses");
                EXPECT_NEAR(result.sum, sum, 1e-5 * (1 + sum));
                expect_close(result.dlogits, slopes, 1e-4, 1e-5 * temperature, "dlogits");
            });
        }
    }
}

TEST(DistillationKernels, TheTeacherItselfHasNoLossAndRowsAreLeftOut) {
    Case same(4, 19, 2);
    same.teacher = same.logits;
    for_paths([&](const Path& path) {
        const Result result = same.run(path);
        for (const float loss : result.losses) EXPECT_NEAR(loss, 0, 1e-5);
        for (const float slope : result.dlogits) EXPECT_NEAR(slope, 0, 1e-6);
    });
    Case some(3, 5, 2);
    some.targets = {2, -1, 0};
    for_paths([&](const Path& path) {
        const Result result = some.run(path);
        EXPECT_EQ(result.losses[1], 0);
        EXPECT_GT(result.losses[0], 0);
        for (size_t j = 5; j < 10; ++j) EXPECT_EQ(result.dlogits[j], 0);
        EXPECT_NE(result.dlogits[0], 0);
    });
}

TEST(Distillation, HandsOnTheGradientAndRefusesOtherShapes) {
    Context context("cpu");
    const Case each(3, 5, 2);
    const Variable logits = context.tape().leaf(Tensor::from_host(context, {3, 5}, each.logits));
    const Tensor teacher = Tensor::from_host(context, {3, 5}, each.teacher);
    const DistillationResult result = distillation(logits, teacher, 2);
    double sum = 0;
    for (int64_t row = 0; row < 3; ++row) sum += each.row_loss(each.row(row), row);
    EXPECT_NEAR(result.loss.value().to_vector()[0], sum, 1e-4 * sum);
    context.tape().backward(result.loss, Tensor::from_host(context, {1}, vector<float>{0.5F}));
    const vector<float> gradient = logits.slot()->gradient().to_vector();
    context.tape().clear();
    const Result whole = each.run(Path{distillation_cpu(), DeviceKind::cpu});
    for (size_t i = 0; i < gradient.size(); ++i) EXPECT_NEAR(gradient[i], 0.5F * whole.dlogits[i], 1e-6);
    EXPECT_TRUE(contains(message_of<Error>([&] { distillation(logits, teacher.slice(0, 2), 2); }), "teacher"));
    EXPECT_TRUE(contains(message_of<Error>([&] { distillation(logits, teacher, 0); }), "temperature above 0"));
}

}  // namespace

}  // namespace heed::test::distillation_test
