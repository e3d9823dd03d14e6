// ctest: cuda
#include "heed/trainers/optimizers/adam.h"
#include "heed/trainers/optimizers/rmsprop.h"
#include "heed/trainers/optimizers/sgd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "heed/tests/support/close.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/trainers/loop/step_totals.h"
#include "heed/trainers/loop/weight_average.h"

namespace heed::optimizer_test {
namespace {

/// One decayed matrix and one bias that is not decayed.
struct TwoParameters : Module {
    TwoParameters() : weight({2, 3}, Initializer::constant(1.0f), true), bias({2}, Initializer::constant(1.0f), false) {
        add("weight", weight);
        add("bias", bias);
    }
    Parameter weight, bias;
};

void set_gradients(ParameterStore& store, float value) {
    store.begin_step();
    for (Parameter* parameter : store.parameters()) {
        std::vector<float> gradient(static_cast<size_t>(parameter->shape().elements()), value);
        parameter->gradient_slot().add(Tensor::from_host(store.context(), parameter->shape(), gradient));
    }
}

class Optimizers : public testing::TestWithParam<const char*> {};

TEST_P(Optimizers, AdamWFollowsItsFormulaAndSparesTheBiasFromDecay) {
    Context context(GetParam());
    TwoParameters model;
    ParameterStore store(context, model, 1);
    AdamWOptions options;
    options.weight_decay = 0.1;
    auto optimizer = options.make_optimizer(store);
    double weight = 1.0, bias = 1.0, m = 0.0, v = 0.0;
    const double lr = 0.01, scale = 0.5;
    for (int64_t step = 1; step <= 5; ++step) {
        const double gradient = 0.3 * static_cast<double>(step) * scale;
        set_gradients(store, 0.3f * static_cast<float>(step));
        optimizer->step(step, lr, scale);
        m = 0.9 * m + 0.1 * gradient;
        v = 0.999 * v + 0.001 * gradient * gradient;
        const double change =
            lr * (m / (1 - std::pow(0.9, step))) / (std::sqrt(v / (1 - std::pow(0.999, step))) + 1e-8);
        weight = weight * (1 - lr * 0.1) - change;
        bias -= change;
    }
    for (float value : model.weight.value().to_vector()) EXPECT_CLOSE(value, weight, 1e-5);
    for (float value : model.bias.value().to_vector()) EXPECT_CLOSE(value, bias, 1e-5);
}

TEST_P(Optimizers, SgdWithMomentum) {
    Context context(GetParam());
    TwoParameters model;
    ParameterStore store(context, model, 1);
    SgdOptions options;
    options.momentum = 0.5;
    auto optimizer = options.make_optimizer(store);
    double weight = 1.0, momentum = 0.0;
    for (int64_t step = 1; step <= 3; ++step) {
        set_gradients(store, 2.0f);
        optimizer->step(step, 0.1, 1.0);
        momentum = 0.5 * momentum + 2.0;
        weight -= 0.1 * momentum;
    }
    for (float value : model.weight.value().to_vector()) EXPECT_CLOSE(value, weight, 1e-5);
}

TEST_P(Optimizers, GradientNormIsThatOfAllGradients) {
    Context context(GetParam());
    TwoParameters model;
    ParameterStore store(context, model, 1);
    set_gradients(store, 3.0f);
    EXPECT_CLOSE(test::gradient_norm(store), std::sqrt(8 * 9.0), 1e-5);
}

TEST_P(Optimizers, FrozenParametersStayAsTheyAre) {
    Context context(GetParam());
    TwoParameters model;
    ParameterStore store(context, model, 1, [](const std::string& name) { return name == "weight"; });
    auto optimizer = AdamWOptions().make_optimizer(store);
    store.begin_step();
    store.finish_gradients();
    model.bias.gradient_slot().add(Tensor::from_host(context, {2}, std::vector<float>{1.0f, 1.0f}));
    optimizer->step(1, 0.1, 1.0);
    for (float value : model.weight.value().to_vector()) EXPECT_EQ(value, 1.0f);
    for (float value : model.bias.value().to_vector()) EXPECT_LT(value, 1.0f);
}

TEST_P(Optimizers, LearningRatesByName) {
    Context context(GetParam());
    TwoParameters model;
    ParameterStore store(context, model, 1, {}, {},
                         [](const std::string& name) { return name == "weight" ? 0.25 : 1.0; });
    SgdOptions options;
    options.momentum = 0;
    auto optimizer = options.make_optimizer(store);
    set_gradients(store, 2.0f);
    EXPECT_CLOSE(test::gradient_norm(store), std::sqrt(8 * 4.0), 1e-5);
    optimizer->step(1, 0.1, 1.0);
    for (float value : model.weight.value().to_vector()) EXPECT_FLOAT_EQ(value, 0.95f);
    for (float value : model.bias.value().to_vector()) EXPECT_FLOAT_EQ(value, 0.8f);
}

TEST_P(Optimizers, AdamAndRmsPropDecayThroughTheGradient) {
    for (const bool adam : {true, false}) {
        Context context(GetParam());
        TwoParameters model;
        ParameterStore store(context, model, 1);
        AdamOptions adam_options;
        RmsPropOptions rmsprop_options;
        adam_options.weight_decay = rmsprop_options.weight_decay = 0.5;
        auto optimizer = adam ? adam_options.make_optimizer(store) : rmsprop_options.make_optimizer(store);
        EXPECT_EQ(optimizer->states().size(), adam ? 2u : 1u);
        set_gradients(store, 0.0f);
        optimizer->step(1, 0.1, 1.0);
        // The only gradient is that of the decay: Adam's first step is lr, that of RMSprop lr / sqrt(1 - its decay
        // rate).
        const float change = adam ? 0.1f : 1.0f;
        for (float value : model.weight.value().to_vector()) EXPECT_NEAR(value, 1.0f - change, 1e-6);
        for (float value : model.bias.value().to_vector()) EXPECT_EQ(value, 1.0f);
    }
}

TEST_P(Optimizers, TheAverageFollowsTheWeights) {
    Context context(GetParam());
    TwoParameters model;
    ParameterStore store(context, model, 1, [](const std::string& name) { return name == "bias"; });
    WeightAverage average(store, 0.5);
    average.start();
    SgdOptions options;
    options.momentum = 0;
    auto optimizer = options.make_optimizer(store);
    double weight = 1.0, mean = 1.0;
    for (int64_t step = 1; step <= 12; ++step) {
        store.begin_step();
        const std::vector<float> gradient(6, 1.0f);
        model.weight.gradient_slot().add(Tensor::from_host(context, {2, 3}, gradient));
        optimizer->step(step, 0.1, 1.0);
        average.update(step);
        weight -= 0.1;
        const double decay_rate = std::min(0.5, (1.0 + static_cast<double>(step)) / (10.0 + static_cast<double>(step)));
        mean = decay_rate * mean + (1 - decay_rate) * weight;
    }
    for (float value : model.weight.value().to_vector()) EXPECT_CLOSE(value, weight, 1e-5);
    {
        const AveragedWeights averaged(&average);
        for (float value : model.weight.value().to_vector()) EXPECT_CLOSE(value, mean, 1e-5);
        for (float value : model.bias.value().to_vector()) EXPECT_EQ(value, 1.0f);
    }
    for (float value : model.weight.value().to_vector()) EXPECT_CLOSE(value, weight, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Devices, Optimizers, testing::ValuesIn(test::computing_devices()));

}  // namespace
}  // namespace heed::optimizer_test
