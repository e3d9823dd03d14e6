#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/support/kernel_paths.h"

// What noncausal self-attention has to do whatever its type: each property is tried on every registered type that has
// that pattern, on both devices.

namespace heed::test {
namespace {

constexpr int64_t dim = 12, tokens = 7;
constexpr double bound = 2e-6;

struct TypeOnDevice {
    std::string type, device;
};

std::vector<TypeOnDevice> types_on_devices() {
    std::vector<TypeOnDevice> result;
    for (const AttentionType& type : attention_types()) {
        if (!type.capabilities.noncausal_self) continue;
        for (const char* device : {"cpu", "reference"}) result.push_back({type.name, device});
    }
    return result;
}

class NoncausalSelfAttention : public testing::TestWithParam<TypeOnDevice> {
protected:
    LayerSettings settings() const {
        LayerSettings result;
        result.type = GetParam().type;
        result.device = GetParam().device;
        result.dim = dim;
        result.max_tokens = tokens;
        return result;
    }
    TestLayer layer() const { return TestLayer(settings()); }
};

/// A gradient of the output that is zero at padded tokens, as what follows never uses them.
std::vector<float> gradient_at_real_tokens(const Sequences& x) {
    std::vector<float> gradient = numbers(x.batch * x.tokens * x.dim, 77);
    for (int64_t sample = 0; sample < x.batch; ++sample) {
        for (int64_t i = x.lengths[sample] * x.dim; i < x.tokens * x.dim; ++i) {
            gradient[sample * x.tokens * x.dim + i] = 0;
        }
    }
    return gradient;
}

TEST_P(NoncausalSelfAttention, PaddingHasNoInfluence) {
    TestLayer test = layer();
    Sequences x(2, tokens, dim);
    x.lengths = {4, 7};
    const std::vector<float> gradient = gradient_at_real_tokens(x);
    const LayerPass before = test.run(x, {}, gradient);
    for (int64_t t = 4; t < tokens; ++t) std::fill_n(x.token(0, t), dim, 1000.0f);
    const LayerPass after = test.run(x, {}, gradient);
    EXPECT_EQ(greatest_difference(before.output, after.output, 0, 4 * dim), 0);
    EXPECT_EQ(greatest_difference(before.output, after.output, tokens * dim), 0);
    EXPECT_LT(greatest_difference(before.d_input, after.d_input), bound);
    for (const auto& [name, values] : before.d_parameters) {
        EXPECT_LT(greatest_difference(values, after.d_parameters.at(name)), 1e-5) << name;
    }
}

TEST_P(NoncausalSelfAttention, APaddedSequenceIsTheSameAsAShorterOne) {
    TestLayer test = layer();
    Sequences x(2, tokens, dim);
    x.lengths = {4, 7};
    const std::vector<float> gradient = gradient_at_real_tokens(x);
    const LayerPass padded = test.run(x, {}, gradient);
    Sequences first = x.part(0, 1, 4);
    first.lengths.clear();
    const LayerPass alone = test.run(first, {}, {gradient.begin(), gradient.begin() + 4 * dim});
    for (int64_t i = 0; i < 4 * dim; ++i) {
        ASSERT_NEAR(padded.output[i], alone.output[i], bound) << i;
        ASSERT_NEAR(padded.d_input[i], alone.d_input[i], 1e-5) << i;
    }
    for (int64_t i = 4 * dim; i < tokens * dim; ++i) ASSERT_EQ(padded.d_input[i], 0.0f) << i;
}

TEST_P(NoncausalSelfAttention, SamplesOfABatchHaveNoInfluenceOnEachOther) {
    TestLayer test = layer();
    Sequences x(3, tokens, dim);
    const LayerPass before = test.run(x);
    std::fill_n(x.token(1, 0), tokens * dim, -3.0f);
    const LayerPass after = test.run(x);
    for (const auto& [begin, end] :
         {std::pair<size_t, size_t>{0, tokens * dim}, {2 * tokens * dim, 3 * tokens * dim}}) {
        EXPECT_EQ(greatest_difference(before.output, after.output, begin, end), 0);
        EXPECT_EQ(greatest_difference(before.d_input, after.d_input, begin, end), 0);
    }
    EXPECT_GT(greatest_difference(before.output, after.output, tokens * dim, 2 * tokens * dim), 1e-2);
}

TEST_P(NoncausalSelfAttention, EveryTokenTakesPartInEveryOutput) {
    TestLayer test = layer();
    Sequences x(1, tokens, dim);
    const LayerPass before = test.run(x);
    for (int64_t changed = 0; changed < tokens; ++changed) {
        Sequences other = x;
        for (int64_t c = 0; c < dim; ++c) other.token(0, changed)[c] += 0.5f;
        const LayerPass after = test.run(other);
        for (int64_t t = 0; t < tokens; ++t) {
            EXPECT_GT(greatest_difference(before.output, after.output, t * dim, (t + 1) * dim), 1e-3)
                << "token " << changed << " in output " << t;
        }
    }
}

TEST_P(NoncausalSelfAttention, ReorderedTokensGiveReorderedOutputs) {
    if (attention_type(GetParam().type).capabilities.fixed_length) return;  // its tokens have places
    TestLayer test = layer();
    Sequences x(1, tokens, dim);
    std::vector<float> gradient = numbers(tokens * dim, 77);
    const LayerPass straight = test.run(x, {}, gradient);
    Sequences reordered = x;
    std::vector<float> reordered_gradient = gradient;
    const auto place = [](int64_t t) { return 3 * t % tokens; };
    for (int64_t t = 0; t < tokens; ++t) {
        std::copy_n(x.token(0, place(t)), dim, reordered.token(0, t));
        std::copy_n(gradient.begin() + place(t) * dim, dim, reordered_gradient.begin() + t * dim);
    }
    const LayerPass pass = test.run(reordered, {}, reordered_gradient);
    for (int64_t t = 0; t < tokens; ++t) {
        for (int64_t c = 0; c < dim; ++c) {
            ASSERT_NEAR(pass.output[t * dim + c], straight.output[place(t) * dim + c], bound);
            ASSERT_NEAR(pass.d_input[t * dim + c], straight.d_input[place(t) * dim + c], 1e-5);
        }
    }
    for (const auto& [name, values] : straight.d_parameters) {
        EXPECT_LT(greatest_difference(values, pass.d_parameters.at(name)), 1e-5) << name;
    }
}

TEST_P(NoncausalSelfAttention, AFullyMaskedSampleGivesTheOutputBiasAndNoGradient) {
    TestLayer test = layer();
    Sequences x(2, tokens, dim);
    x.lengths = {0, 5};
    const std::vector<float> bias = test.parameter("output.bias");
    const LayerPass mixed = test.run(x);
    for (int64_t i = 0; i < tokens * dim; ++i) {
        ASSERT_EQ(mixed.output[i], bias[i % dim]) << i;
        ASSERT_EQ(mixed.d_input[i], 0.0f) << i;
    }
    x.lengths = {0, 0};
    for (const auto& [name, values] : test.run(x).d_parameters) {
        const float greatest = std::abs(*std::max_element(values.begin(), values.end(),
                                                          [](float a, float b) { return std::abs(a) < std::abs(b); }));
        if (name == "output.bias") {
            EXPECT_GT(greatest, 0.1f);
        } else {
            EXPECT_EQ(greatest, 0.0f) << name;
        }
    }
}

TEST_P(NoncausalSelfAttention, NotANumberStaysOneInItsOwnSample) {
    TestLayer test = layer();
    for (const bool padded : {false, true}) {
        Sequences x(2, tokens, dim);
        if (padded) x.lengths = {5, 7};
        x.token(0, 2)[4] = not_a_number;
        const LayerPass pass = test.run(x);
        for (int64_t i = 0; i < (padded ? 5 : tokens) * dim; ++i) ASSERT_TRUE(std::isnan(pass.output[i])) << i;
        for (int64_t i = tokens * dim; i < 2 * tokens * dim; ++i) {
            ASSERT_TRUE(std::isfinite(pass.output[i])) << i;
            ASSERT_TRUE(std::isfinite(pass.d_input[i])) << i;
        }
    }
}

TEST_P(NoncausalSelfAttention, TheGradientIsThatOfTheOutput) {
    TestLayer test = layer();
    Sequences x(2, tokens, dim);
    x.lengths = {5, 7};
    const std::vector<float> weighting = numbers(2 * tokens * dim, 77);
    const LayerPass pass = test.run(x, {}, weighting);
    const auto weighted = [&](const LayerPass& result) {
        double sum = 0;
        for (size_t i = 0; i < weighting.size(); ++i) sum += static_cast<double>(weighting[i]) * result.output[i];
        return sum;
    };
    const float h = 1e-2f;
    const auto check = [&](double slope, float gradient, const std::string& what) {
        EXPECT_NEAR(slope, gradient, 5e-3 * (1 + std::abs(gradient))) << what;
    };
    for (size_t i = 0; i < x.values.size(); i += 11) {
        Sequences more = x, less = x;
        more.values[i] += h;
        less.values[i] -= h;
        check((weighted(test.run(more)) - weighted(test.run(less))) / (2.0 * h), pass.d_input[i],
              "input " + std::to_string(i));
    }
    for (const auto& [name, gradient] : pass.d_parameters) {
        const std::vector<float> values = test.parameter(name);
        for (size_t i = 0; i < values.size(); i += std::max<size_t>(1, values.size() / 4)) {
            std::vector<float> changed = values;
            changed[i] = values[i] + h;
            test.set_parameter(name, changed);
            const double more = weighted(test.run(x));
            changed[i] = values[i] - h;
            test.set_parameter(name, changed);
            check((more - weighted(test.run(x))) / (2.0 * h), gradient[i], name + " " + std::to_string(i));
        }
        test.set_parameter(name, values);
    }
}

TEST_P(NoncausalSelfAttention, WeightsAreSharesOfTheRealKeys) {
    TestLayer test = layer();
    Sequences x(3, tokens, dim);
    x.lengths = {4, 7, 0};
    const std::vector<float> weights = test.weights(x);
    const int64_t heads = settings().heads;
    ASSERT_EQ(weights.size(), static_cast<size_t>(3 * heads * tokens * tokens));
    for (int64_t row = 0; row < 3 * heads * tokens; ++row) {
        const int64_t length = x.lengths[row / (heads * tokens)];
        double sum = 0;
        for (int64_t key = 0; key < tokens; ++key) {
            const float weight = weights[row * tokens + key];
            ASSERT_GE(weight, 0.0f);
            if (key >= length) {
                ASSERT_EQ(weight, 0.0f) << "row " << row << " key " << key;
            }
            sum += weight;
        }
        ASSERT_NEAR(sum, length > 0 ? 1.0 : 0.0, 1e-5) << "row " << row;
    }
}

class AttentionDropout : public NoncausalSelfAttention {
protected:
    TestLayer dropping_layer() const {
        LayerSettings result = settings();
        result.dropout = 0.4;
        return TestLayer(result);
    }
    static ForwardState training(uint32_t step = 3, uint32_t first_sample = 0) {
        ForwardState state;
        state.training = true;
        state.seed = 5;
        state.step = step;
        state.first_sample = first_sample;
        return state;
    }
};

TEST_P(AttentionDropout, IsTheSameForTheSameSeedAndStepOnly) {
    TestLayer test = dropping_layer();
    const Sequences x(2, tokens, dim);
    const LayerPass once = test.run(x, training());
    const LayerPass again = test.run(x, training());
    EXPECT_EQ(once.output, again.output);
    EXPECT_EQ(once.d_input, again.d_input);
    EXPECT_EQ(once.d_parameters, again.d_parameters);
    EXPECT_GT(greatest_difference(once.output, test.run(x, training(4)).output), 1e-2);
    ForwardState other_seed = training();
    other_seed.seed = 6;
    EXPECT_GT(greatest_difference(once.output, test.run(x, other_seed).output), 1e-2);
}

TEST_P(AttentionDropout, IsOffOutsideOfTraining) {
    const Sequences x(2, tokens, dim);
    TestLayer test = dropping_layer();
    ForwardState state = training();
    state.training = false;
    const LayerPass off = test.run(x, state), without = layer().run(x, training());
    EXPECT_EQ(off.output, without.output);
    EXPECT_EQ(off.d_input, without.d_input);
    EXPECT_GT(greatest_difference(off.output, test.run(x, training()).output), 1e-2);
}

TEST_P(AttentionDropout, DoesNotDependOnMicroBatches) {
    TestLayer test = dropping_layer();
    const Sequences x(4, tokens, dim);
    const std::vector<float> gradient = numbers(4 * tokens * dim, 77);
    const auto half = static_cast<ptrdiff_t>(gradient.size() / 2);
    const LayerPass whole = test.run(x, training(), gradient);
    const LayerPass first = test.run(x.part(0, 2), training(), {gradient.begin(), gradient.begin() + half});
    const LayerPass second = test.run(x.part(2, 2), training(3, 2), {gradient.begin() + half, gradient.end()});
    std::vector<float> output = first.output, d_input = first.d_input;
    output.insert(output.end(), second.output.begin(), second.output.end());
    d_input.insert(d_input.end(), second.d_input.begin(), second.d_input.end());
    EXPECT_LT(greatest_difference(whole.output, output), bound);
    EXPECT_LT(greatest_difference(whole.d_input, d_input), 1e-5);
    for (const auto& [name, values] : whole.d_parameters) {
        std::vector<float> sum = first.d_parameters.at(name);
        for (size_t i = 0; i < sum.size(); ++i) sum[i] += second.d_parameters.at(name)[i];
        EXPECT_LT(greatest_difference(values, sum), 2e-5) << name;
    }
}

TEST_P(AttentionDropout, LeavesTheMeanOutputAsItIs) {
    TestLayer test = dropping_layer();
    const Sequences x(1, tokens, dim);
    const LayerPass without = layer().run(x);
    std::vector<double> mean(without.output.size(), 0.0);
    constexpr int steps = 3000;
    NoGradient guard(test.context());
    const Tensor input = Tensor::from_host(test.context(), {1, tokens, dim}, x.values);
    for (uint32_t step = 0; step < steps; ++step) {
        const std::vector<float> output =
            test.layer().forward({Variable(input), {}, {}}, training(step)).value().to_vector();
        for (size_t i = 0; i < mean.size(); ++i) mean[i] += static_cast<double>(output[i]) / steps;
    }
    for (size_t i = 0; i < mean.size(); ++i) EXPECT_NEAR(mean[i], without.output[i], 0.05) << i;
}

const auto every_type = testing::ValuesIn(types_on_devices());
const auto name_of = [](const auto& info) { return info.param.type + "_" + info.param.device; };
INSTANTIATE_TEST_SUITE_P(Types, NoncausalSelfAttention, every_type, name_of);
INSTANTIATE_TEST_SUITE_P(Types, AttentionDropout, every_type, name_of);

}  // namespace
}  // namespace heed::test
