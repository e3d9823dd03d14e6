// ctest: card
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "heed/core/ops/products/matmul.h"
#include "heed/core/ops/shapes/permute_heads.h"
#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/kernel_paths.h"

// What attention has to do whatever its type: each property is tried on every registered type, in every pattern that it
// declares, on both devices.

namespace heed::test::properties_test {
namespace {

constexpr int64_t dim = 12, tokens = 7, source_tokens = 9;
constexpr double bound = 2e-6;

struct Use {
    std::string type, device;
    AttentionPattern pattern;
};

const std::pair<AttentionPattern, const char*> patterns[] = {{AttentionPattern::noncausal_self, "noncausal_self"},
                                                             {AttentionPattern::causal_self, "causal_self"},
                                                             {AttentionPattern::noncausal_cross, "noncausal_cross"},
                                                             {AttentionPattern::causal_cross, "causal_cross"}};

/// All uses for which `chosen` holds.
template <class Chosen>
std::vector<Use> uses(const Chosen& chosen) {
    std::vector<Use> result;
    for (const AttentionType& type : attention_types()) {
        for (const auto& [pattern, name] : patterns) {
            if (!type.capabilities.can(pattern) || !chosen(type, pattern)) continue;
            for (const char* device : computing_devices()) result.push_back({type.name, device, pattern});
        }
    }
    return result;
}

class AttentionProperties : public testing::TestWithParam<Use> {
protected:
    LayerSettings settings() const {
        LayerSettings result;
        result.type = GetParam().type;
        result.device = GetParam().device;
        result.pattern = GetParam().pattern;
        result.dim = dim;
        result.max_tokens = tokens;
        result.max_source_tokens = source_tokens;
        result.configure = cut_short_sequences;
        return result;
    }
    TestLayer layer() const { return TestLayer(settings()); }

    /// True where a query meets every key that it may see, not only those of its clusters.
    bool meets_all_keys(TestLayer& test) const {
        if (rectified()) return false;
        const LayerInput x = input(1);
        const auto variable = [&](const Sequences& of) {
            return Variable(Tensor::from_host(test.context(), {1, of.tokens, dim}, of.values));
        };
        return test.layer().covered_mass({variable(x.query), cross() ? variable(*x.source) : Variable(), {}}).empty();
    }

    /// With ReLU features, where a key can have no share at all for a query, and outputs have kinks.
    bool rectified() const { return GetParam().type == "cosformer"; }
    bool mixes() const { return attention_type(GetParam().type).capabilities.mixes; }

    bool cross() const { return is_cross(GetParam().pattern); }
    bool causal_self() const { return GetParam().pattern == AttentionPattern::causal_self; }
    int64_t keys() const { return cross() ? source_tokens : tokens; }

    LayerInput input(int64_t batch, const std::vector<int32_t>& lengths = {}) const {
        LayerInput result{Sequences(batch, tokens, dim)};
        if (cross()) result.source = Sequences(batch, source_tokens, dim, 2);
        result.keys().lengths = lengths;
        return result;
    }
    static LayerInput part(const LayerInput& whole, int64_t first, int64_t count) {
        LayerInput result(whole.query.part(first, count));
        if (whole.source) result.source = whole.source->part(first, count);
        return result;
    }

    /// Number of outputs of a sample that are of use: in self-attention those at real tokens.
    int64_t outputs(const LayerInput& x, int64_t sample) const {
        return cross() || x.keys().lengths.empty() ? tokens : x.keys().lengths[sample];
    }
    /// A gradient of the output that is zero at padded tokens, as what follows never uses them.
    std::vector<float> gradient_at_real_tokens(const LayerInput& x) const {
        std::vector<float> gradient = numbers(x.query.batch * tokens * dim, 77);
        for (int64_t sample = 0; sample < x.query.batch; ++sample) {
            for (int64_t i = outputs(x, sample) * dim; i < tokens * dim; ++i) {
                gradient[sample * tokens * dim + i] = 0;
            }
        }
        return gradient;
    }
    bool sees(int64_t query, int64_t key) const { return !causal_self() || key <= query; }
};

class CausalProperties : public AttentionProperties {};
class CausalCrossProperties : public AttentionProperties {};
/// Where the order of the tokens does not matter.
class UnorderedProperties : public AttentionProperties {};
/// Where the heads are weights times values.
class WeightProperties : public AttentionProperties {};

/// The difference at one token of sample 0.
double difference_at(const LayerPass& a, const LayerPass& b, int64_t token) {
    return greatest_difference(a.output, b.output, token * dim, (token + 1) * dim);
}

TEST_P(AttentionProperties, PaddingHasNoInfluence) {
    TestLayer test = layer();
    LayerInput x = input(2, {4, 7});
    const std::vector<float> gradient = gradient_at_real_tokens(x);
    const LayerPass before = test.run(x, {}, gradient);
    for (const float value : {1000.0f, not_a_number, infinity}) {
        for (int64_t t = 4; t < keys(); ++t) std::fill_n(x.keys().token(0, t), dim, value);
        const LayerPass after = test.run(x, {}, gradient);
        EXPECT_EQ(greatest_difference(before.output, after.output, 0, outputs(x, 0) * dim), 0) << value;
        EXPECT_EQ(greatest_difference(before.output, after.output, tokens * dim), 0) << value;
        // In the products of backward, padding that is not finite meets gradients of 0.
        if (!std::isfinite(value)) continue;
        EXPECT_LT(relative_difference(before.d_input, after.d_input), bound);
        EXPECT_LT(relative_difference(before.d_keys(), after.d_keys()), bound);
        for (const auto& [name, values] : before.d_parameters) {
            EXPECT_LT(relative_difference(values, after.d_parameters.at(name)), 1e-5) << name;
        }
    }
}

TEST_P(WeightProperties, PaddingHasNoInfluence) {
    TestLayer test = layer();
    LayerInput x = input(2, {4, 7});
    const std::vector<float> before = test.weights(x);
    for (const float value : {1000.0f, not_a_number, infinity}) {
        for (int64_t t = 4; t < keys(); ++t) std::fill_n(x.keys().token(0, t), dim, value);
        const std::vector<float> after = test.weights(x);
        for (int64_t head = 0; head < settings().heads; ++head) {
            const int64_t first = head * tokens * keys();
            EXPECT_EQ(greatest_difference(before, after, first, first + outputs(x, 0) * keys()), 0) << value;
        }
    }
}

TEST_P(AttentionProperties, APaddedSequenceIsTheSameAsAShorterOne) {
    TestLayer test = layer();
    const LayerInput x = input(2, {4, 7});
    const std::vector<float> gradient = gradient_at_real_tokens(x);
    const LayerPass padded = test.run(x, {}, gradient);
    LayerInput first = part(x, 0, 1);
    first.keys() = x.keys().part(0, 1, 4);
    first.keys().lengths.clear();
    const int64_t compared = outputs(x, 0) * dim;
    const LayerPass alone = test.run(first, {}, {gradient.begin(), gradient.begin() + compared});
    ASSERT_EQ(alone.output.size(), static_cast<size_t>(compared));
    for (int64_t i = 0; i < compared; ++i) {
        ASSERT_NEAR(padded.output[i], alone.output[i], bound) << i;
        ASSERT_NEAR(padded.d_input[i], alone.d_input[i], 1e-5) << i;
    }
    for (int64_t i = 0; i < 4 * dim; ++i) ASSERT_NEAR(padded.d_keys()[i], alone.d_keys()[i], 1e-5) << i;
    for (int64_t i = 4 * dim; i < keys() * dim; ++i) ASSERT_EQ(padded.d_keys()[i], 0.0f) << i;
}

TEST_P(AttentionProperties, SamplesOfABatchHaveNoInfluenceOnEachOther) {
    TestLayer test = layer();
    LayerInput x = input(3);
    const LayerPass before = test.run(x);
    std::fill_n(x.query.token(1, 0), tokens * dim, -3.0f);
    for (int64_t i = 0; i < keys() * dim; ++i) x.keys().token(1, 0)[i] = static_cast<float>(i % 5);
    const LayerPass after = test.run(x);
    for (const int64_t sample : {0, 2}) {
        const int64_t begin = sample * tokens * dim, end = begin + tokens * dim;
        EXPECT_EQ(greatest_difference(before.output, after.output, begin, end), 0);
        EXPECT_EQ(greatest_difference(before.d_input, after.d_input, begin, end), 0);
        const int64_t first = sample * keys() * dim;
        EXPECT_EQ(greatest_difference(before.d_keys(), after.d_keys(), first, first + keys() * dim), 0);
    }
    if (mixes()) {
        EXPECT_GT(greatest_difference(before.output, after.output, tokens * dim, 2 * tokens * dim), 1e-2);
    }
}

TEST_P(AttentionProperties, ABatchWithoutSamplesGivesNone) {
    TestLayer test = layer();
    const LayerPass pass = test.run(input(0));
    EXPECT_TRUE(pass.output.empty());
    EXPECT_TRUE(pass.d_keys().empty());
    for (const auto& [name, values] : pass.d_parameters) {
        EXPECT_EQ(std::count(values.begin(), values.end(), 0.0f), std::ssize(values)) << name;
    }
}

TEST_P(AttentionProperties, TwoPassesGiveTheSameBits) {
    TestLayer test = layer();
    const LayerInput x = input(2, {4, 7});
    const LayerPass once = test.run(x), again = test.run(x);
    EXPECT_EQ(once.output, again.output);
    EXPECT_EQ(once.d_input, again.d_input);
    EXPECT_EQ(once.d_source, again.d_source);
    EXPECT_EQ(once.d_parameters, again.d_parameters);
}

TEST_P(AttentionProperties, AKeyTakesPartInTheOutputsThatMaySeeItAndInNoOther) {
    TestLayer test = layer();
    const bool all = meets_all_keys(test);
    const LayerInput x = input(1);
    const LayerPass before = test.run(x);
    for (int64_t changed = 0; changed < keys(); ++changed) {
        LayerInput other = x, broken = x;
        for (int64_t c = 0; c < dim; ++c) other.keys().token(0, changed)[c] += 0.5f;
        std::fill_n(broken.keys().token(0, changed), dim, changed % 2 == 0 ? not_a_number : infinity);
        const LayerPass after = test.run(other), after_broken = test.run(broken);
        int64_t moved = 0;
        for (int64_t t = 0; t < tokens; ++t) {
            SCOPED_TRACE("token " + std::to_string(changed) + " in output " + std::to_string(t));
            if (!sees(t, changed)) {
                EXPECT_EQ(difference_at(before, after, t), 0);
                EXPECT_EQ(difference_at(before, after_broken, t), 0);
                continue;
            }
            moved += difference_at(before, after, t) > 1e-3 && std::isnan(after_broken.output[t * dim]) ? 1 : 0;
        }
        const int64_t seen_by = causal_self() ? tokens - changed : tokens;
        // In clusters at least one output uses a key, in self-attention its own.
        EXPECT_GE(moved, !mixes() ? 0 : all ? seen_by : 1) << "token " << changed;
    }
}

TEST_P(CausalCrossProperties, QueriesDoNotMix) {
    TestLayer test = layer();
    const LayerInput x = input(1);
    const LayerPass before = test.run(x);
    for (int64_t changed = 0; changed < tokens; ++changed) {
        LayerInput other = x, broken = x;
        for (int64_t c = 0; c < dim; ++c) other.query.token(0, changed)[c] += 0.5f;
        std::fill_n(broken.query.token(0, changed), dim, not_a_number);
        const LayerPass after = test.run(other), after_broken = test.run(broken);
        EXPECT_EQ(difference_at(before, after, changed) > 1e-3, mixes());
        EXPECT_EQ(std::isnan(after_broken.output[changed * dim]), mixes());
        for (int64_t t = 0; t < tokens; ++t) {
            if (t == changed) continue;
            EXPECT_EQ(difference_at(before, after, t), 0) << "query " << changed << " in output " << t;
            EXPECT_EQ(difference_at(before, after_broken, t), 0) << "query " << changed << " in output " << t;
        }
    }
}

TEST_P(CausalProperties, APrefixGivesThePrefixOfTheOutputs) {
    TestLayer test = layer();
    const LayerInput x = input(2);
    const LayerPass whole = test.run(x);
    for (int64_t length = 1; length < tokens; ++length) {
        LayerInput prefix = x;
        prefix.query = x.query.part(0, 2, length);
        const LayerPass pass = test.run(prefix);
        for (int64_t sample = 0; sample < 2; ++sample) {
            for (int64_t i = 0; i < length * dim; ++i) {
                ASSERT_NEAR(pass.output[sample * length * dim + i], whole.output[sample * tokens * dim + i], bound);
            }
        }
    }
}

TEST_P(UnorderedProperties, ReorderedKeysGiveReorderedGradients) {
    TestLayer test = layer();
    const LayerInput x = input(1);
    const std::vector<float> gradient = numbers(tokens * dim, 77);
    const LayerPass straight = test.run(x, {}, gradient);
    LayerInput reordered = x;
    std::vector<float> reordered_gradient = gradient;
    const auto place = [&](int64_t t) { return 4 * t % keys(); };
    // In self-attention the queries move with the keys.
    const auto output_place = [&](int64_t t) { return cross() ? t : place(t); };
    for (int64_t t = 0; t < keys(); ++t)
        std::copy_n(x.source ? x.source->values.begin() + place(t) * dim : x.query.values.begin() + place(t) * dim, dim,
                    reordered.keys().token(0, t));
    for (int64_t t = 0; t < tokens; ++t) {
        std::copy_n(gradient.begin() + output_place(t) * dim, dim, reordered_gradient.begin() + t * dim);
    }
    const LayerPass pass = test.run(reordered, {}, reordered_gradient);
    for (int64_t i = 0; i < tokens * dim; ++i) {
        const int64_t from = output_place(i / dim) * dim + i % dim;
        ASSERT_NEAR(pass.output[i], straight.output[from], bound);
        ASSERT_NEAR(pass.d_input[i], straight.d_input[from], 1e-5);
    }
    for (int64_t i = 0; i < keys() * dim; ++i) {
        ASSERT_NEAR(pass.d_keys()[i], straight.d_keys()[place(i / dim) * dim + i % dim], 1e-5);
    }
    for (const auto& [name, values] : straight.d_parameters) {
        EXPECT_LT(relative_difference(values, pass.d_parameters.at(name)), 1e-5) << name;
    }
}

TEST_P(AttentionProperties, AFullyMaskedSampleGivesTheOutputBiasAndNoGradient) {
    TestLayer test = layer();
    LayerInput x = input(2, {0, 5});
    const std::vector<float> bias = test.output_bias();
    const LayerPass mixed = test.run(x);
    for (int64_t i = 0; i < tokens * dim; ++i) {
        ASSERT_EQ(mixed.output[i], bias[i % dim]) << i;
        ASSERT_EQ(mixed.d_input[i], 0.0f) << i;
    }
    for (int64_t i = 0; i < keys() * dim; ++i) ASSERT_EQ(mixed.d_keys()[i], 0.0f) << i;
    x.keys().lengths = {0, 0};
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

TEST_P(AttentionProperties, NotANumberStaysOneInItsOwnSample) {
    TestLayer test = layer();
    const bool all = mixes() && meets_all_keys(test);
    for (const bool padded : {false, true}) {
        LayerInput x = input(2, padded ? std::vector<int32_t>{5, 7} : std::vector<int32_t>{});
        x.keys().token(0, 2)[4] = not_a_number;
        const LayerPass pass = test.run(x);
        for (int64_t i = 0; i < outputs(x, 0) * dim; ++i) {
            const bool seen = sees(i / dim, 2), always = seen && (all || (mixes() && !cross() && i / dim == 2));
            ASSERT_TRUE(std::isnan(pass.output[i]) ? seen : !always) << i;
        }
        for (int64_t i = tokens * dim; i < 2 * tokens * dim; ++i) {
            ASSERT_TRUE(std::isfinite(pass.output[i])) << i;
            ASSERT_TRUE(std::isfinite(pass.d_input[i])) << i;
        }
        for (int64_t i = keys() * dim; i < 2 * keys() * dim; ++i) ASSERT_TRUE(std::isfinite(pass.d_keys()[i])) << i;
    }
}

TEST_P(AttentionProperties, TheGradientIsThatOfTheOutput) {
    // One cluster: a small step of an input may move it to another one. Gradients within clusters that stay are held
    // against differences in the tests of the op.
    LayerSettings uncut = settings();
    uncut.configure = {};
    TestLayer test(uncut);
    LayerInput x = input(2, {5, 7});
    const std::vector<float> weighting = numbers(2 * tokens * dim, 77);
    const LayerPass pass = test.run(x, {}, weighting);
    const auto weighted = [&](const LayerPass& result) {
        double sum = 0;
        for (size_t i = 0; i < weighting.size(); ++i) sum += static_cast<double>(weighting[i]) * result.output[i];
        return sum;
    };
    const float h = rectified() ? 1e-3f : 1e-2f;  // less than the way to the next kink
    const auto check = [&](float* value, float gradient, const std::string& what) {
        const float before = *value;
        *value = before + h;
        const double more = weighted(test.run(x));
        *value = before - h;
        const double less = weighted(test.run(x));
        *value = before;
        EXPECT_NEAR((more - less) / (2.0 * h), gradient, 5e-3 * (1 + std::abs(gradient))) << what;
    };
    for (size_t i = 0; i < x.query.values.size(); i += 11) {
        check(&x.query.values[i], pass.d_input[i], "input " + std::to_string(i));
    }
    for (size_t i = 0; cross() && i < x.source->values.size(); i += 11) {
        check(&x.source->values[i], pass.d_source[i], "source " + std::to_string(i));
    }
    for (const auto& [name, gradient] : pass.d_parameters) {
        const std::vector<float> values = test.parameter(name);
        for (size_t i = 0; i < values.size(); i += std::max<size_t>(1, values.size() / 4)) {
            const auto moved = [&](float by) {
                std::vector<float> changed = values;
                changed[i] += by;
                test.set_parameter(name, changed);
                return weighted(test.run(x));
            };
            EXPECT_NEAR((moved(h) - moved(-h)) / (2.0 * h), gradient[i], 5e-3 * (1 + std::abs(gradient[i])))
                << name << " " << i;
        }
        test.set_parameter(name, values);
    }
}

TEST_P(WeightProperties, AreSharesOfTheKeysThatAQueryMaySee) {
    TestLayer test = layer();
    const LayerInput x = input(3, {4, 7, 0});
    const std::vector<float> weights = test.weights(x);
    const int64_t heads = settings().heads;
    ASSERT_EQ(weights.size(), static_cast<size_t>(3 * heads * tokens * keys()));
    for (int64_t row = 0; row < 3 * heads * tokens; ++row) {
        const int64_t length = x.keys().lengths[row / (heads * tokens)];
        double sum = 0;
        for (int64_t key = 0; key < keys(); ++key) {
            const float weight = weights[row * keys() + key];
            ASSERT_GE(weight, 0.0f);
            if (key >= length || !sees(row % tokens, key)) {
                ASSERT_EQ(weight, 0.0f) << "row " << row << " key " << key;
            }
            sum += weight;
        }
        // A type may give padded queries no weights at all.
        const bool real = row % tokens < outputs(x, row / (heads * tokens));
        ASSERT_NEAR(sum, length == 0 || (!real && sum < 0.5) ? 0.0 : 1.0, 1e-5) << "row " << row;
    }
}

TEST_P(WeightProperties, TimesValuesAreTheHeads) {
    TestLayer test = layer();
    const NoGradient guard(test.context());
    const LayerInput input_of_test = input(2, {4, 7});
    const AttentionInput x = test.constants(input_of_test);
    const std::vector<float> heads = test.layer().head_outputs(x, {}).value().to_vector();
    const Variable weights(test.layer().weights(x)), values(test.layer().head_values(x));
    const std::vector<float> mixed = permute_heads(matmul(weights, values)).value().to_vector();
    ASSERT_EQ(heads.size(), static_cast<size_t>(2 * tokens * dim));
    for (int64_t sample = 0; sample < 2; ++sample) {
        const int64_t begin = sample * tokens * dim;
        EXPECT_LT(relative_difference(mixed, heads, begin, begin + outputs(input_of_test, sample) * dim), 1e-5);
    }
}

class AttentionDropout : public AttentionProperties {
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
    const LayerInput x = input(2);
    const LayerPass once = test.run(x, training());
    const LayerPass again = test.run(x, training());
    EXPECT_EQ(once.output, again.output);
    EXPECT_EQ(once.d_input, again.d_input);
    EXPECT_EQ(once.d_source, again.d_source);
    EXPECT_EQ(once.d_parameters, again.d_parameters);
    EXPECT_GT(greatest_difference(once.output, test.run(x, training(4)).output), 1e-2);
    ForwardState other_seed = training();
    other_seed.seed = 6;
    EXPECT_GT(greatest_difference(once.output, test.run(x, other_seed).output), 1e-2);
}

TEST_P(AttentionDropout, IsOffOutsideOfTraining) {
    const LayerInput x = input(2);
    TestLayer test = dropping_layer();
    ForwardState state = training();
    state.training = false;
    const LayerPass off = test.run(x, state), without = layer().run(x, state);
    EXPECT_EQ(off.output, without.output);
    EXPECT_EQ(off.d_input, without.d_input);
    EXPECT_GT(greatest_difference(off.output, test.run(x, training()).output), 1e-2);
}

TEST_P(AttentionDropout, DoesNotDependOnMicroBatches) {
    TestLayer test = dropping_layer();
    const LayerInput x = input(4);
    const std::vector<float> gradient = numbers(4 * tokens * dim, 77);
    const auto half = static_cast<ptrdiff_t>(gradient.size() / 2);
    const LayerPass whole = test.run(x, training(), gradient);
    const LayerPass first = test.run(part(x, 0, 2), training(), {gradient.begin(), gradient.begin() + half});
    const LayerPass second = test.run(part(x, 2, 2), training(3, 2), {gradient.begin() + half, gradient.end()});
    const auto joined = [](std::vector<float> a, const std::vector<float>& b) {
        a.insert(a.end(), b.begin(), b.end());
        return a;
    };
    EXPECT_LT(relative_difference(whole.output, joined(first.output, second.output)), bound);
    EXPECT_LT(relative_difference(whole.d_input, joined(first.d_input, second.d_input)), 1e-5);
    EXPECT_LT(relative_difference(whole.d_source, joined(first.d_source, second.d_source)), 1e-5);
    for (const auto& [name, values] : whole.d_parameters) {
        std::vector<float> sum = first.d_parameters.at(name);
        for (size_t i = 0; i < sum.size(); ++i) sum[i] += second.d_parameters.at(name)[i];
        EXPECT_LT(relative_difference(values, sum), 2e-5) << name;
    }
}

TEST_P(AttentionDropout, LeavesTheMeanOutputAsItIs) {
    TestLayer test = dropping_layer();
    const LayerInput x = input(1);
    const LayerPass without = layer().run(x, training());
    constexpr int64_t copies = 3000;  // each sample has random numbers of its own
    const auto repeated = [&](const Sequences& one) {
        std::vector<float> values;
        for (int64_t copy = 0; copy < copies; ++copy) values.insert(values.end(), one.values.begin(), one.values.end());
        return Variable(Tensor::from_host(test.context(), {copies, one.tokens, dim}, values));
    };
    NoGradient guard(test.context());
    const Variable source = cross() ? repeated(*x.source) : Variable();
    const std::vector<float> output =
        test.layer().forward({repeated(x.query), source, {}}, training()).value().to_vector();
    std::vector<double> mean(without.output.size(), 0.0);
    for (size_t i = 0; i < output.size(); ++i) mean[i % mean.size()] += static_cast<double>(output[i]) / copies;
    for (size_t i = 0; i < mean.size(); ++i) EXPECT_NEAR(mean[i], without.output[i], 0.05) << i;
}

const auto any = [](const AttentionType&, AttentionPattern) { return true; };
const auto is_causal = [](const AttentionType&, AttentionPattern pattern) {
    return pattern == AttentionPattern::causal_self || pattern == AttentionPattern::causal_cross;
};
const auto is_causal_cross = [](const AttentionType&, AttentionPattern pattern) {
    return pattern == AttentionPattern::causal_cross;
};
const auto is_unordered = [](const AttentionType& type, AttentionPattern pattern) {
    return !is_causal(type, pattern) && !type.capabilities.ordered;
};
const auto has_weights = [](const AttentionType& type, AttentionPattern) { return type.capabilities.weights; };
const auto has_dropout = [](const AttentionType& type, AttentionPattern) { return has_setting(type, "dropout"); };
const auto name_of = [](const auto& info) {
    const auto* named = std::find_if(std::begin(patterns), std::end(patterns),
                                     [&](const auto& each) { return each.first == info.param.pattern; });
    return info.param.type + "_" + named->second + "_" + info.param.device;
};
INSTANTIATE_TEST_SUITE_P(Types, AttentionProperties, testing::ValuesIn(uses(any)), name_of);
INSTANTIATE_TEST_SUITE_P(Types, CausalProperties, testing::ValuesIn(uses(is_causal)), name_of);
INSTANTIATE_TEST_SUITE_P(Types, CausalCrossProperties, testing::ValuesIn(uses(is_causal_cross)), name_of);
INSTANTIATE_TEST_SUITE_P(Types, UnorderedProperties, testing::ValuesIn(uses(is_unordered)), name_of);
INSTANTIATE_TEST_SUITE_P(Types, WeightProperties, testing::ValuesIn(uses(has_weights)), name_of);
INSTANTIATE_TEST_SUITE_P(Types, AttentionDropout, testing::ValuesIn(uses(has_dropout)), name_of);

}  // namespace
}  // namespace heed::test::properties_test
