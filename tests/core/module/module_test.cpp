#include "heed/core/module/module.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/module/dropout.h"
#include "heed/core/module/linear.h"
#include "heed/core/module/parameter_store.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::module_test {

namespace {

/// Two layers, one of them twice as deep.
class Block : public Module {
public:
    Block() : first_(3, 4), second_(4, 2, false) {
        add("first", first_);
        add("second", second_);
    }
    Linear first_, second_;
};

class Model : public Module {
public:
    Model() : table_({5, 3}, Initializer::normal(1), false) {
        add("table", table_);
        add("blocks.0", one_);
        add("blocks.1", two_);
    }
    Parameter table_;
    Block one_, two_;
};

std::vector<std::string> names_of(Module& module) {
    std::vector<std::string> names;
    for (Parameter* parameter : module.parameters()) {
        for (const ParameterPart& part : parameter->parts()) names.push_back(part.name);
    }
    return names;
}

TEST(Module, NamesFollowTheMembers) {
    Model model;
    model.assign_names();
    EXPECT_EQ(
        (std::vector<std::string>{"table", "blocks.0.first.weight", "blocks.0.first.bias", "blocks.0.second.weight",
                                  "blocks.1.first.weight", "blocks.1.first.bias", "blocks.1.second.weight"}),
        names_of(model));
    EXPECT_EQ("", model.name());
    EXPECT_EQ("blocks.1", model.two_.name());
    EXPECT_EQ("blocks.1.second", model.two_.second_.name());
    ASSERT_EQ(2U, model.children().size());
    EXPECT_EQ("blocks.0", model.children()[0].first);
    EXPECT_EQ(&model.one_, model.children()[0].second);
}

TEST(Module, CountsItsParameters) {
    Model model;
    EXPECT_EQ(15 + 2 * (12 + 4 + 8), model.parameter_count());
    EXPECT_EQ(24, model.one_.parameter_count());
}

TEST(Module, TwoParametersOfOneNameAreAnError) {
    struct Twins : Module {
        Twins() {
            add("layer", a);
            add("layer", b);
        }
        Linear a{1, 1}, b{1, 1};
    } twins;
    EXPECT_EQ("two parameters are called 'layer.weight'", message_of<Error>([&] { twins.assign_names(); }));
}

struct Packed : Module {
    Packed() { add_packed(weight, {{"query.weight", 2}, {"key.weight", 1}, {"value.weight", 3}}); }
    Parameter weight{{6, 4}, Initializer::xavier_uniform(), true};
};

TEST(Module, APackedParameterHasANameForEachRunOfRows) {
    struct Outer : Module {
        Outer() { add("attention", inner); }
        Packed inner;
    } outer;
    outer.assign_names();
    const auto& parts = outer.inner.weight.parts();
    ASSERT_EQ(3U, parts.size());
    EXPECT_EQ("attention.key.weight", parts[1].name);
    EXPECT_EQ(2, parts[1].first_row);
    EXPECT_EQ(1, parts[1].rows);
    EXPECT_EQ((Shape{3, 4}), outer.inner.weight.part_shape(parts[2]));
}

TEST(Module, ThePartsOfAPackedParameterAddUp) {
    struct Short : Module {
        Short() { add_packed(weight, {{"a", 2}, {"b", 3}}); }
        Parameter weight{{6, 4}, Initializer::constant(0), true};
    };
    EXPECT_EQ("the parts of a packed parameter of shape [6, 4] have 5 rows", message_of<Error>([] { Short(); }));
}

TEST(Module, APartIsAViewOfItsRows) {
    Context context;
    Packed packed;
    const ParameterStore store(context, packed, 1);
    const std::vector<float> all = packed.weight.value().to_vector();
    const std::vector<float> key = packed.weight.part_value(packed.weight.parts()[1]).to_vector();
    EXPECT_EQ(std::vector<float>(all.begin() + 8, all.begin() + 12), key);
}

TEST(Module, AParameterWithoutAStoreCannotBeUsed) {
    Linear linear(3, 2, false);
    Context context;
    EXPECT_TRUE(contains(message_of<Error>([&] {
                             linear.forward(Variable(Tensor::zeros(context, {1, 3})));
                         }),
                         "a parameter of shape [2, 3] is used before its model was laid out"));
}

TEST(Module, RandomNumbersFollowTheNameAndTheStep) {
    struct Two : Module {
        Two() {
            add("a", a);
            add("b", b);
        }
        Dropout a{0.5}, b{0.5};
    } two;
    two.assign_names();
    Context context;
    const std::vector<float> ones(256, 1);
    const Variable x(Tensor::from_host(context, {2, 128}, std::span<const float>(ones)));
    ForwardState state;
    state.training = true;
    const auto masked = [&](const Dropout& dropout) { return dropout.forward(x, state).value().to_vector(); };
    const std::vector<float> first = masked(two.a);
    EXPECT_EQ(first, masked(two.a)) << "the same place in the training gives the same numbers";
    EXPECT_NE(first, masked(two.b));
    state.step = 1;
    EXPECT_NE(first, masked(two.a));
    state.step = 0;
    state.seed = 1;
    EXPECT_NE(first, masked(two.a));
    state.seed = 0;
    state.first_sample = 1;
    const std::vector<float> shifted = masked(two.a);
    EXPECT_EQ(std::vector<float>(first.begin() + 128, first.end()),
              std::vector<float>(shifted.begin(), shifted.begin() + 128))
        << "sample 1 has the same mask wherever its micro-batch begins";
    state.training = false;
    EXPECT_EQ(ones, masked(two.a));
}

TEST(Initializer, DrawsWhatItSays) {
    const RandomKey key = {1, 2};
    EXPECT_EQ(std::vector<float>(6, 0.25F), Initializer::constant(0.25F).draw({2, 3}, key));
    const auto spread = [&](const Initializer& initializer, const Shape& shape) {
        double low = 0, high = 0, squares = 0, sum = 0;
        const std::vector<float> values = initializer.draw(shape, key);
        for (const float value : values) {
            low = std::min<double>(low, value);
            high = std::max<double>(high, value);
            sum += value;
            squares += static_cast<double>(value) * value;
        }
        const auto n = static_cast<double>(values.size());
        return std::array{low, high, sum / n, std::sqrt(squares / n)};
    };
    const auto uniform = spread(Initializer::uniform(0.5F), {100, 100});
    EXPECT_GE(uniform[0], -0.5);
    EXPECT_LT(uniform[1], 0.5);
    EXPECT_NEAR(uniform[0], -0.5, 0.01);
    EXPECT_NEAR(uniform[1], 0.5, 0.01);
    const auto normal = spread(Initializer::normal(0.02F), {100, 100});
    EXPECT_NEAR(normal[2], 0, 0.001);
    EXPECT_NEAR(normal[3], 0.02, 0.001);
    const auto xavier = spread(Initializer::xavier_uniform(), {200, 100});
    const double bound = std::sqrt(6.0 / 300);
    EXPECT_LE(xavier[1], bound);
    EXPECT_NEAR(xavier[1], bound, 0.01 * bound);
    EXPECT_NEAR(xavier[3], bound / std::sqrt(3.0), 0.02 * bound);
}

TEST(Initializer, NearIdentityIsTheIdentityPlusNoise) {
    const RandomKey key = {1, 2};
    const std::vector<float> full = Initializer::near_identity(0.02F, false).draw({50, 50}, key);
    const std::vector<float> lower = Initializer::near_identity(0.02F, true).draw({50, 50}, key);
    double squares = 0;
    for (size_t i = 0; i < full.size(); ++i) {
        const double noise = full[i] - (i / 50 == i % 50 ? 1.0 : 0.0);
        squares += noise * noise;
        EXPECT_EQ(lower[i], i % 50 > i / 50 ? 0.0F : full[i]) << i;
    }
    EXPECT_NEAR(std::sqrt(squares / 2500), 0.02, 0.001);
    for (size_t i = 0; i < 50; ++i) EXPECT_NE(full[i * 51], 1.0F) << "the diagonal has noise too";
}

TEST(Parameter, CountsTheTriangleOfALowerTriangularMatrix) {
    EXPECT_EQ(15, Parameter({5, 5}, Initializer::near_identity(0.02F, true), false).parameter_count());
    EXPECT_EQ(25, Parameter({5, 5}, Initializer::near_identity(0.02F, false), false).parameter_count());
    EXPECT_EQ(12, Parameter({3, 4}, Initializer::xavier_uniform(), true).parameter_count());
}

}  // namespace

}  // namespace heed::test::module_test
