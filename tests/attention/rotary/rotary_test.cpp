// ctest: cuda
#include "heed/attention/rotary/rotary.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/core/error.h"
#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/support/bf16_values.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/op_harness.h"
#include "heed/tests/support/op_inputs.h"

namespace heed::test::rotary_test {
namespace {

using Variables = std::vector<Variable>;
using Arrays = std::vector<definitions::Values>;

/// Equation 34 of Su et al. (2021) for one head of one token: pairs of neighbouring components.
void rotate_head(double* x, int64_t head_dim, double place, double base) {
    for (int64_t i = 0; i < head_dim / 2; ++i) {
        const double angle = place * std::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim));
        const double first = x[2 * i], second = x[2 * i + 1];
        x[2 * i] = first * std::cos(angle) - second * std::sin(angle);
        x[2 * i + 1] = second * std::cos(angle) + first * std::sin(angle);
    }
}

struct Sizes {
    std::string label;
    int64_t batch, tokens, heads, head_dim, width;
    std::vector<int64_t> places = {};  ///< [batch, tokens]; empty: from first_place on
    int64_t first_place = 0;
};

OpCase rotary_case(const Sizes& sizes, double base) {
    OpCase result;
    result.op = "rotary";
    result.label = sizes.label;
    result.inputs = {{"x", {sizes.batch, sizes.tokens, sizes.width}}};
    result.run = [=](Context& context, const Variables& in) {
        Rotary rotation;
        rotation.angles = rotary_angles(context, 20, sizes.head_dim, base);
        rotation.heads = sizes.heads;
        rotation.first_place = sizes.first_place;
        if (!sizes.places.empty()) {
            rotation.places = integers(context, sizes.places).reshape({sizes.batch, sizes.tokens});
        }
        return Variables{rotary(in[0], rotation)};
    };
    result.definition = [=](const Arrays& in) {
        definitions::Values y = in[0];
        for (int64_t row = 0; row < sizes.batch * sizes.tokens; ++row) {
            const int64_t place =
                sizes.places.empty() ? sizes.first_place + row % sizes.tokens : sizes.places[static_cast<size_t>(row)];
            for (int64_t head = 0; head < sizes.heads; ++head) {
                rotate_head(y.data() + row * sizes.width + head * sizes.head_dim, sizes.head_dim,
                            static_cast<double>(place), base);
            }
        }
        return Arrays{y};
    };
    return result;
}

TEST(Rotary, TurnsPairsOfComponentsByTheirPlace) {
    const std::vector<Sizes> cases = {{"queries and keys of a packed projection", 2, 5, 4, 6, 36},
                                      {"more than a vector, an odd column beside", 1, 3, 2, 34, 69},
                                      {"pairs, from a place on", 2, 4, 3, 2, 6, {}, 9},
                                      {"places of their own", 2, 3, 1, 16, 16, {0, 7, 2, 19, 19, 1}},
                                      {"no head", 1, 2, 0, 4, 3},
                                      {"no sample", 0, 3, 2, 4, 8}};
    for (const Sizes& sizes : cases) {
        const std::vector<std::string> failures = check_op(rotary_case(sizes, 100.0));
        EXPECT_TRUE(failures.empty()) << joined(failures);
    }
}

/// Scalar products depend on the distance alone, and far places keep their precision.
TEST(Rotary, LeavesScalarProductsToTheDistance) {
    constexpr int64_t head_dim = 32, far = 5000;
    const std::vector<float> x = numbers(2 * head_dim, 3);
    for (const char* device : computing_devices()) {
        Context context(device);
        const Tensor angles = rotary_angles(context, far + 8, head_dim, 10000.0);
        const auto product_at = [&](int64_t first, int64_t second) {
            const Variable pair(Tensor::from_host(context, {1, 2, head_dim}, std::span<const float>(x)));
            Rotary rotation{angles, 1, integers(context, {first, second}).reshape({1, 2})};
            const std::vector<float> y = rotary(pair, rotation).value().to_vector();
            double sum = 0;
            for (int64_t c = 0; c < head_dim; ++c) sum += static_cast<double>(y[c]) * y[head_dim + c];
            return sum;
        };
        EXPECT_NEAR(product_at(0, 4), product_at(far, far + 4), 1e-5 * head_dim);
        EXPECT_NEAR(product_at(7, 0), product_at(far + 7, far), 1e-5 * head_dim);
        EXPECT_GT(std::abs(product_at(0, 4) - product_at(4, 0)), 1e-2);
    }
}

TEST(Rotary, WritesWhereNobodyElseReads) {
    Context context;
    const Tensor angles = rotary_angles(context, 4, 2, 10000.0);
    Tensor x = Tensor::zeros(context, {1, 4, 2});
    const void* const memory = x.raw();
    const Variable kept(x);
    EXPECT_NE(rotary(kept, {angles}).value().raw(), memory);
    x = Tensor();
    Variable given = kept;
    const Variable copied = rotary(std::move(given), {angles});
    EXPECT_NE(copied.value().raw(), memory);
    Variable only(Tensor::zeros(context, {1, 4, 2}));
    const void* const own = only.value().raw();
    EXPECT_EQ(rotary(std::move(only), {angles}).value().raw(), own);
}

TEST(Rotary, NumbersOfBf16AreTurnedInF32AndRoundedOnce) {
    const Shape shape = {2, 5, 15};
    const std::vector<float> values = rounded_to_bf16(numbers(shape.elements(), 1)),
                             seed = rounded_to_bf16(numbers(shape.elements(), 2));
    for (const char* device : computing_devices()) {
        SCOPED_TRACE(device);
        Context context(device);
        const Rotary rotation = {.angles = rotary_angles(context, 8, 6, 100.0), .heads = 2, .first_place = 3};
        const auto run = [&](const Tensor& x, const Tensor& d_y) {
            const Variable leaf = context.tape().leaf(x);
            const Variable y = rotary(leaf, rotation);
            EXPECT_EQ(x.dtype(), y.value().dtype());
            context.tape().backward(y, d_y);
            const std::vector<std::vector<float>> result = {y.value().to_vector(), leaf.slot()->gradient().to_vector()};
            context.tape().clear();
            return result;
        };
        const auto want = run(Tensor::from_host(context, shape, std::span<const float>(values)),
                              Tensor::from_host(context, shape, std::span<const float>(seed)));
        const auto got = run(bf16_tensor(context, shape, values), bf16_tensor(context, shape, seed));
        for (size_t i = 0; i < want.size(); ++i) EXPECT_EQ(rounded_to_bf16(want[i]), got[i]) << i;
    }
}

TEST(Rotary, RefusesWhatDoesNotFit) {
    Context context;
    const Variable x(Tensor::zeros(context, {2, 3, 8}));
    const Tensor angles = rotary_angles(context, 3, 4, 10000.0);
    const auto refused = [&](const Rotary& rotation) { return message_of<Error>([&] { rotary(x, rotation); }); };
    EXPECT_TRUE(contains(refused({angles, 3}), "3 heads of 4 components do not lie within 8 columns"));
    EXPECT_TRUE(contains(refused({angles, 1, {}, 1}), "places below 3, got 3 tokens from place 1"));
    EXPECT_TRUE(contains(refused({angles, 1, integers(context, {0, 1, 2, 0, 1, 3}).reshape({2, 3})}), "places"));
    EXPECT_TRUE(contains(refused({angles, 1, integers(context, {0, 1, 2})}), "places of shape"));
    EXPECT_TRUE(contains(message_of<Error>([&] { rotary_angles(context, 3, 5, 10.0); }), "even number of components"));
}

/// The softmax weights of whole layers, from their parameters.
TEST(RotaryLayers, WeighKeysByRotatedQueriesAndKeys) {
    constexpr int64_t batch = 2, tokens = 6, dim = 12, heads = 3, head_dim = dim / heads;
    constexpr double base = 50.0;
    for (const char* type : {"sdpa", "optimised", "efficient", "super", "local"}) {
        LayerSettings settings;
        settings.type = type;
        settings.pattern = AttentionPattern::causal_self;
        settings.max_tokens = tokens;
        settings.rotary_base = base;
        TestLayer layer(settings);
        const bool has_keys = std::string(type) != "efficient" && std::string(type) != "super";
        Sequences x(batch, tokens, dim);
        x.lengths = {tokens, 4};
        const std::vector<float> weights = layer.weights(x);
        const auto projected = [&](const std::string& name, int64_t row, int64_t place) {
            std::vector<double> y(x.values.begin() + row * dim, x.values.begin() + (row + 1) * dim);
            if (name == "query" || has_keys) {
                const std::vector<float> weight = layer.parameter(name + ".weight"),
                                         bias = layer.parameter(name + ".bias");
                for (int64_t out = 0; out < dim; ++out) {
                    y[out] = bias[out];
                    for (int64_t in = 0; in < dim; ++in) y[out] += weight[out * dim + in] * x.values[row * dim + in];
                }
            }
            for (int64_t head = 0; head < heads; ++head) {
                rotate_head(y.data() + head * head_dim, head_dim, static_cast<double>(place), base);
            }
            return y;
        };
        for (int64_t b = 0; b < batch; ++b) {
            for (int64_t t = 0; t < x.lengths[b]; ++t) {
                const std::vector<double> query = projected("query", b * tokens + t, t);
                for (int64_t head = 0; head < heads; ++head) {
                    std::vector<double> scores;
                    double sum = 0;
                    for (int64_t key = 0; key <= t; ++key) {
                        const std::vector<double> other = projected("key", b * tokens + key, key);
                        double score = 0;
                        for (int64_t c = head * head_dim; c < (head + 1) * head_dim; ++c) score += query[c] * other[c];
                        scores.push_back(std::exp(score / std::sqrt(static_cast<double>(head_dim))));
                        sum += scores.back();
                    }
                    for (int64_t key = 0; key <= t; ++key) {
                        EXPECT_NEAR(weights[((b * heads + head) * tokens + t) * tokens + key], scores[key] / sum, 2e-6)
                            << type << " sample " << b << " query " << t << " key " << key;
                    }
                }
            }
        }
    }
}

/// In every type whose scores are exact, a sequence that stands elsewhere is the same.
TEST(RotaryLayers, SeeDistancesAlone) {
    constexpr int64_t batch = 2, tokens = 7, dim = 12;
    for (const char* type : {"sdpa", "optimised", "efficient", "local", "probsparse", "nystromformer"}) {
        LayerSettings settings;
        settings.type = type;
        settings.rotary_base = 50.0;
        TestLayer layer(settings);
        const auto output_at = [&](int64_t first, int64_t step) {
            AttentionInput input = layer.constants(Sequences(batch, tokens, dim));
            std::vector<int64_t> places;
            for (int64_t i = 0; i < batch * tokens; ++i) places.push_back(first + step * (i % tokens));
            input.mask.key_places = integers(layer.context(), places).reshape({batch, tokens});
            const NoGradient guard(layer.context());
            return layer.layer().forward(input, {}).value().to_vector();
        };
        const std::vector<float> output = output_at(0, 1);
        EXPECT_EQ(layer.run(Sequences(batch, tokens, dim)).output, output) << type;
        EXPECT_LT(relative_difference(output_at(33, 1), output), 5e-6) << type;
        EXPECT_GT(relative_difference(output_at(0, 2), output), 1e-3) << type;
    }
}

TEST(RotaryLayers, HaveTheGradientOfCentralDifferences) {
    for (const AttentionType& type : attention_types()) {
        if (!type.capabilities.rotary || std::string(type.name) == "lara") continue;
        LayerSettings settings;
        settings.type = type.name;
        settings.max_tokens = 7;
        settings.rotary_base = 50.0;
        TestLayer layer(settings);
        SCOPED_TRACE(type.name);
        expect_input_gradient(layer, Sequences(1, 7, 12), {}, {.step = 2e-3f, .bound = 1e-2, .stride = 5});
    }
}

}  // namespace
}  // namespace heed::test::rotary_test
