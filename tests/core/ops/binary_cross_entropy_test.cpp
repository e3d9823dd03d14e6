// ctest: cuda
// ctest: processors 2
#include "heed/core/ops/losses/binary_cross_entropy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/kernels/binary_cross_entropy_kernels.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/doubles_of.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::binary_cross_entropy_test {

namespace {

using Path = KernelPath<BinaryCrossEntropyKernels>;
using std::vector;

template <class Body>
void for_paths(const Body& body) {
    for_each_path(binary_cross_entropy_kernels, body);
}

struct Result {
    double loss;
    vector<float> dlogits;
};

double sum_of(const Path& path, BinaryCrossEntropy arguments) {
    vector<double> sum(1, -1);
    vector<float> loss(1, -1);
    arguments.sum = path.at(sum);
    arguments.loss = path.at(loss);
    path.kernels.forward(arguments);
    if (!std::isnan(sum[0])) {
        EXPECT_EQ(loss[0], static_cast<float>(sum[0]));
    }
    return sum[0];
}

template <class Target>
Result run(const Path& path, const vector<float>& logits, const vector<Target>& targets) {
    Result r;
    r.dlogits.assign(logits.size(), 99);
    BinaryCrossEntropy arguments{path.at(logits), nullptr, nullptr, path.at(r.dlogits),
                                 static_cast<int64_t>(logits.size())};
    if constexpr (sizeof(Target) == 1) {
        arguments.byte_targets = path.at(targets);
    } else {
        arguments.targets = path.at(targets);
    }
    r.loss = sum_of(path, arguments);
    return r;
}

double loss_of(double x, double y) {
    return std::max(x, 0.0) - x * y + std::log1p(std::exp(-std::abs(x)));
}

vector<uint8_t> some_targets(std::size_t count) {
    vector<uint8_t> targets(count);
    for (std::size_t i = 0; i < count; ++i) targets[i] = i % 3 == 1 || i % 7 == 2 ? 1 : 0;
    return targets;
}

TEST(BinaryCrossEntropyKernels, MatchTheFormulaWithBytesAndFloats) {
    for (const int64_t count : {0, 1, 3, 4, 7, 16, 33, 1000, 40001}) {
        SCOPED_TRACE(count);
        const vector<float> logits = numbers(count, 1, 12);
        const vector<uint8_t> bytes = some_targets(logits.size());
        const vector<float> floats(bytes.begin(), bytes.end());
        double loss = 0;
        vector<double> slopes;
        for (std::size_t i = 0; i < logits.size(); ++i) {
            const double x = logits[i];
            loss += loss_of(x, bytes[i]);
            slopes.push_back(bytes[i] ? -1 / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)));
        }
        for_paths([&](const Path& path) {
            const Result r = run(path, logits, bytes);
            EXPECT_CLOSE(r.loss, loss, 3e-7);
            expect_close(r.dlogits, slopes, 1e-6, 0, "dlogits");
            const Result same = run(path, logits, floats);
            EXPECT_EQ(same.loss, r.loss);
            EXPECT_EQ(same.dlogits, r.dlogits);
        });
    }
}

TEST(BinaryCrossEntropyKernels, KeepDigitsOfSmallLossesAndStayFiniteForLargeLogits) {
    for (const float x : {-80.0F, -30.0F, -17.0F, -9.0F, -1e-3F, 0.0F, 1e-3F, 9.0F, 17.0F, 80.0F, 1e4F, -3e38F}) {
        for (const float y : {0.0F, 1.0F, 0.25F}) {
            const double slope = (x < 0 ? 1 / (1 + std::exp(-double{x})) : 1 - 1 / (1 + std::exp(double{x}))) - y;
            const double near_one = x > 0 && y == 1 ? -1 / (1 + std::exp(double{x})) : slope;
            for_paths([&](const Path& path) {
                const Result r = run(path, vector<float>{x}, vector<float>{y});
                EXPECT_CLOSE(r.loss, loss_of(x, y), 5e-7) << x << " " << y;
                expect_close(r.dlogits, {near_one}, 1e-6, 1e-38, "dlogits");
            });
        }
    }
}

TEST(BinaryCrossEntropyKernels, NanStaysNanInItsPlaceAlone) {
    for (const std::size_t at : {0, 10, 18}) {
        vector<float> logits = numbers(19, 2);
        logits[at] = not_a_number;
        for_paths([&](const Path& path) {
            const Result r = run(path, logits, some_targets(19));
            EXPECT_TRUE(std::isnan(r.loss));
            for (std::size_t i = 0; i < 19; ++i) EXPECT_EQ(std::isnan(r.dlogits[i]), i == at) << i;
        });
    }
    for (const float bad : {infinity, -infinity}) {
        for_paths([&](const Path& path) {
            EXPECT_FALSE(std::isfinite(run(path, vector<float>{bad}, vector<float>{0}).loss));
            EXPECT_FALSE(std::isfinite(run(path, vector<float>{bad}, vector<float>{1}).loss));
        });
    }
}

TEST(BinaryCrossEntropyKernels, TheGradientIsOptionalAndMayReplaceTheLogits) {
    const vector<float> logits = numbers(37, 3, 4);
    const vector<uint8_t> targets = some_targets(37);
    for_paths([&](const Path& path) {
        const Result r = run(path, logits, targets);
        vector<float> in_place = logits;
        EXPECT_EQ(sum_of(path, {path.at(logits), nullptr, path.at(targets), nullptr, 37}), r.loss);
        EXPECT_EQ(sum_of(path, {path.at(in_place), nullptr, path.at(targets), path.at(in_place), 37}), r.loss);
        EXPECT_EQ(in_place, r.dlogits);
    });
}

TEST(BinaryCrossEntropyKernels, SameBitsWithTwoThreads) {
    const vector<float> logits = numbers(70001, 4, 6);
    const vector<uint8_t> targets = some_targets(70001);
    for_paths([&](const Path& path) {
        expect_same_with_two_threads([&] {
            const Result r = run(path, logits, targets);
            vector<double> all(r.dlogits.begin(), r.dlogits.end());
            all.push_back(r.loss);
            return all;
        });
    });
}

class BinaryCrossEntropyOp : public testing::TestWithParam<const char*> {
protected:
    Tensor bytes(const Shape& shape, const vector<uint8_t>& values) {
        Tensor tensor = Tensor::empty(context_, shape, DType::u8);
        tensor.copy_from_host(values.data());
        return tensor;
    }

    Context context_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Devices, BinaryCrossEntropyOp, testing::ValuesIn(computing_devices()),
                         [](const auto& device) { return std::string(device.param); });

TEST_P(BinaryCrossEntropyOp, GivesTheValuesOfPyTorch) {
    // torch.nn.BCEWithLogitsLoss(reduction="sum") of PyTorch 2, in double precision.
    const vector<float> x = {0.5F, -1.25F, 2.0F, 0.125F, 30, -40, -0.75F, 0, -20, 17.5F, 1, -120};
    const Variable logits = context_.tape().leaf(Tensor::from_host(context_, {3, 4}, x));
    const auto result = binary_cross_entropy(logits, bytes({3, 4}, {1, 0, 0, 1, 0, 0, 1, 1, 0, 1, 1, 1}));
    EXPECT_CLOSE(doubles_of(result.loss_total)[0], 155.628813, 1e-7);
    EXPECT_EQ(result.loss.value().to_vector()[0], static_cast<float>(doubles_of(result.loss_total)[0]));
    context_.tape().backward(result.loss);
    expect_close(logits.slot()->gradient().to_vector(),
                 {-0.37754067, 0.22270014, 0.88079708, -0.46879063, 1, 4.2483543e-18, -0.6791787, -0.5, 2.0611536e-09,
                  -2.5109991e-08, -0.26894142, -1},
                 1e-6, 0, "gradient");
}

TEST_P(BinaryCrossEntropyOp, WeightsOfTrueEntriesAreThePositiveWeightsOfPyTorch) {
    // torch.nn.BCEWithLogitsLoss(pos_weight=[3, 0.5], reduction="sum"): w y softplus(-x) + (1 - y) softplus(x).
    const vector<float> x = {0.5F, -1.25F, 2.0F, 0.125F};
    const vector<uint8_t> y = {1, 1, 0, 0};
    const vector<float> weights = {3, 0.5F, 1, 1};
    double loss = 0;
    vector<double> slopes;
    for (std::size_t i = 0; i < x.size(); ++i) {
        loss += double{weights[i]} * loss_of(x[i], y[i]);
        slopes.push_back(double{weights[i]} * (1 / (1 + std::exp(-double{x[i]})) - y[i]));
    }
    const Variable logits = context_.tape().leaf(Tensor::from_host(context_, {2, 2}, x));
    const auto result = binary_cross_entropy(logits, bytes({2, 2}, y), Tensor::from_host(context_, {2, 2}, weights));
    EXPECT_CLOSE(doubles_of(result.loss_total)[0], loss, 2e-7);
    context_.tape().backward(result.loss);
    expect_close(logits.slot()->gradient().to_vector(), slopes, 1e-6, 0, "gradient");
}

TEST_P(BinaryCrossEntropyOp, TargetsAreChecked) {
    const Variable logits(Tensor::zeros(context_, {1, 3}));
    const auto message = [&](const Tensor& targets) {
        return message_of<Error>([&] { binary_cross_entropy(logits, targets); });
    };
    if (context_.device().shares_host_memory()) {
        EXPECT_TRUE(contains(message(bytes({1, 3}, {0, 1, 2})), "expected targets in [0, 1], got 2 at index 2"));
        EXPECT_TRUE(
            contains(message(Tensor::from_host(context_, {1, 3}, vector<float>{0, not_a_number, 1})), "index 1"));
    }
    EXPECT_TRUE(contains(message(bytes({3, 1}, {0, 1, 1})), "expected targets of shape"));
    EXPECT_TRUE(contains(message(Tensor::zeros(context_, {1, 3}, DType::i32)), "of dtype f32, got i32"));
    EXPECT_EQ(binary_cross_entropy(logits, Tensor::zeros(context_, {1, 3})).loss.requires_gradient(), false);
    const Tensor targets = Tensor::zeros(context_, {1, 3});
    EXPECT_TRUE(
        contains(message_of<Error>([&] { binary_cross_entropy(logits, targets, Tensor::zeros(context_, {3})); }),
                 "expected weights of shape"));
}

}  // namespace

}  // namespace heed::test::binary_cross_entropy_test
