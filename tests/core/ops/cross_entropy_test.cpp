// ctest: cuda
#include "heed/core/ops/losses/cross_entropy.h"

#include <gtest/gtest.h>

#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::cross_entropy_test {

namespace {

using Floats = std::vector<float>;

class CrossEntropyOp : public testing::TestWithParam<const char*> {
protected:
    Tensor tensor(const Shape& shape, const Floats& values) { return Tensor::from_host(context_, shape, values); }
    Tensor targets(const std::vector<int32_t>& values) {
        return Tensor::from_host(context_, {static_cast<int64_t>(values.size())}, std::span<const int32_t>(values));
    }

    Context context_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Devices, CrossEntropyOp, testing::ValuesIn(computing_devices()),
                         [](const auto& device) { return std::string(device.param); });

/// What torch.nn.CrossEntropyLoss(weight, label_smoothing, ignore_index=-1) of PyTorch 2 gives, in double precision.
struct Stored {
    bool weighted;
    float smoothing;
    double sum, mean, nll_sum;  ///< reduction "sum" and "mean"; "sum" without smoothing
    std::vector<double> gradient;
};

const Floats stored_logits = {0.5F,  -1.25F, 2.0F, 0.125F, 3.0F,  0.25F,  -0.75F, 1.5F,
                              -2.5F, 0.0F,   1.0F, -0.5F,  0.75F, 0.875F, -1.0F,  4.0F};
const std::vector<int32_t> stored_targets = {2, 3, -1, 0};
const Floats stored_weights = {0.5F, 2.0F, 1.25F, 0.1F};

const Stored stored[] = {
    {false,
     0.0F,
     5.45345149,
     1.81781716,
     5.45345149,
     {0.15766026, 0.027397246, -0.29341572, 0.10835821, 0.76302342, 0.048778455, 0.017944591, -0.82974646, 0, 0, 0, 0,
      -0.96440934, 0.040329497, 0.0061847287, 0.91789512}},
    {false,
     0.2F,
     5.80345149,
     1.93448383,
     5.45345149,
     {0.10766026, -0.022602754, -0.14341572, 0.058358209, 0.71302342, -0.0012215449, -0.032055409, -0.67974646, 0, 0, 0,
      0, -0.81440934, -0.0096705031, -0.043815271, 0.86789512}},
    {true,
     0.0F,
     2.27902372,
     1.23190471,
     2.27902372,
     {0.19707533, 0.034246557, -0.36676965, 0.13544776, 0.076302343, 0.0048778456, 0.0017944591, -0.082974648, 0, 0, 0,
      0, -0.48220467, 0.020164748, 0.0030923643, 0.45894756}},
    {true,
     0.2F,
     3.55363339,
     1.92088291,
     2.27902372,
     {0.16300986, -0.067328784, -0.21989824, 0.12421716, 0.18292388, -0.086707871, -0.057610099, -0.038605912, 0, 0, 0,
      0, -0.40391254, -0.076104773, -0.058835548, 0.53885286}},
};

TEST_P(CrossEntropyOp, GivesTheValuesOfPyTorch) {
    for (const Stored& each : stored) {
        SCOPED_TRACE(std::to_string(each.smoothing) + (each.weighted ? " weighted" : ""));
        const Variable logits = context_.tape().leaf(tensor({4, 4}, stored_logits));
        const Tensor weights = each.weighted ? tensor({4}, stored_weights) : Tensor();
        const CrossEntropyResult result = cross_entropy(logits, targets(stored_targets), each.smoothing, weights);
        const CrossEntropyTotals totals = result.totals();
        EXPECT_CLOSE(totals.loss, each.sum, 1e-6);
        EXPECT_CLOSE(totals.nll, each.nll_sum, 1e-6);
        EXPECT_CLOSE(totals.weight, each.weighted ? 1.85 : 3, 1e-6);
        EXPECT_CLOSE(totals.loss / totals.weight, each.mean, 1e-6);
        EXPECT_EQ(result.loss.value().to_vector()[0], static_cast<float>(totals.loss));
        context_.tape().backward(result.loss);
        expect_close(logits.slot()->gradient().to_vector(), each.gradient, 0, 5e-7, "gradient");
        context_.tape().clear();
    }
}

TEST_P(CrossEntropyOp, OneWeightForEachClassIsExpected) {
    const Variable logits(tensor({4, 4}, stored_logits));
    const std::string message = message_of<Error>([&] {
        cross_entropy(logits, targets(stored_targets), 0, tensor({3}, {1, 1, 1}));
    });
    EXPECT_TRUE(contains(message, "cross_entropy: expected class weights of shape"));
    // Memory that the host does not share is not looked into: what is uploaded there is checked before.
    if (!context_.device().shares_host_memory()) return;
    EXPECT_TRUE(contains(message_of<Error>([&] { cross_entropy(logits, targets({0, 1, 2, 4}), 0); }), "index 3"));
}

}  // namespace

}  // namespace heed::test::cross_entropy_test
