#include "heed/core/module/parameter_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "heed/core/error.h"
#include "heed/core/module/linear.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::parameter_store_test {

namespace {

using Floats = std::vector<float>;

/// Odd sizes, so that there are gaps; a packed parameter; a layer that can be left unused.
struct Model : Module {
    explicit Model(bool reversed = false) {
        if (reversed) add("unused", unused);
        if (!reversed) add("used", used);
        add_packed(packed, {{"query", 2}, {"key", 1}});
        if (!reversed) add("unused", unused);
        if (reversed) add("used", used);
    }
    Linear used{3, 5}, unused{7, 1};
    Parameter packed{{3, 3}, Initializer::normal(1), true};
};

std::map<std::string, Floats> values_by_name(const ParameterStore& store) {
    std::map<std::string, Floats> values;
    for (Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts())
            values[part.name] = parameter->part_value(part).to_vector();
    }
    return values;
}

bool contains_parameter(const ParameterGroup& group, const std::string& part_name) {
    return std::any_of(group.parameters.begin(), group.parameters.end(),
                       [&](Parameter* parameter) { return parameter->parts().front().name == part_name; });
}

class Stored : public testing::Test {
protected:
    Context context_;
    Model model_;
};

TEST_F(Stored, ParametersLieAlignedInFlatBuffersAndGapsAreZero) {
    const ParameterStore store(context_, model_, 1);
    std::size_t count = 0;
    for (const ParameterGroup& group : store.groups()) {
        ASSERT_EQ(group.parameters.size(), group.offsets.size());
        const Floats flat = group.values.to_vector();
        std::vector<bool> covered(flat.size(), false);
        for (std::size_t i = 0; i < group.parameters.size(); ++i) {
            ++count;
            const Parameter& parameter = *group.parameters[i];
            EXPECT_EQ(0U, reinterpret_cast<uintptr_t>(parameter.value().raw()) % 64);
            const auto begin = static_cast<std::size_t>(group.offsets[i]);
            const Floats values = parameter.value().to_vector();
            for (std::size_t j = 0; j < values.size(); ++j) {
                EXPECT_FALSE(covered[begin + j]) << "parameters overlap";
                covered[begin + j] = true;
                EXPECT_EQ(flat[begin + j], values[j]);
            }
        }
        for (std::size_t j = 0; j < flat.size(); ++j) {
            if (!covered[j]) {
                EXPECT_EQ(0, flat[j]);
            }
        }
    }
    EXPECT_EQ(5U, count);
}

TEST_F(Stored, GroupsSeparateDecayAndFrozenParameters) {
    const ParameterStore store(
        context_, model_, 1, [](const std::string& name) { return name.starts_with("unused"); },
        [](const std::string& name) { return name == "query" || name == "key"; });
    const auto& groups = store.groups();
    const auto group_of = [&](const std::string& name) -> const ParameterGroup& {
        return *std::find_if(groups.begin(), groups.end(),
                             [&](const ParameterGroup& group) { return contains_parameter(group, name); });
    };
    EXPECT_TRUE(group_of("used.weight").trainable);
    EXPECT_TRUE(group_of("used.weight").decay);
    EXPECT_TRUE(group_of("used.bias").trainable);
    EXPECT_FALSE(group_of("used.bias").decay) << "the layer says that biases do not decay";
    EXPECT_FALSE(group_of("query").decay) << "the selection says so";
    EXPECT_FALSE(group_of("unused.weight").trainable);
    EXPECT_FALSE(group_of("unused.bias").trainable);
    EXPECT_FALSE(group_of("unused.weight").gradients.defined());
    EXPECT_EQ(group_of("used.weight").values.shape(), group_of("used.weight").gradients.shape());
}

TEST_F(Stored, FrozenParametersHaveValuesButNoGradient) {
    const ParameterStore store(context_, model_, 1, [](const std::string& name) { return name == "used.weight"; });
    const ParameterStore::Selection none;
    Context other;
    Model same;
    EXPECT_EQ(values_by_name(ParameterStore(other, same, 1, none)), values_by_name(store))
        << "freezing does not change the first values";
    Parameter& weight = *model_.used.parameters()[0];
    EXPECT_FALSE(weight.trainable());
    EXPECT_FALSE(weight.variable().requires_gradient());
    const Variable x(Tensor::zeros(context_, {1, 3}));
    context_.tape().backward(model_.used.forward(x));
    context_.tape().clear();
    EXPECT_TRUE(model_.used.parameters()[1]->gradient_slot().defined()) << "the bias still learns";
}

TEST_F(Stored, APackedParameterIsSelectedWhole) {
    const auto error = message_of<UserError>(
        [&] { ParameterStore(context_, model_, 1, [](const std::string& name) { return name == "key"; }); });
    EXPECT_TRUE(contains(error, "'query' and 'key' are computed in one product"));
}

TEST_F(Stored, FirstValuesFollowSeedAndNameAndNotTheOrder) {
    const ParameterStore store(context_, model_, 7);
    Context other;
    Model reversed(true);
    EXPECT_EQ(values_by_name(store), values_by_name(ParameterStore(other, reversed, 7)));
    Model reseeded;
    const auto changed = values_by_name(ParameterStore(other, reseeded, 8));
    for (const auto& [name, values] : values_by_name(store)) {
        if (!name.ends_with("bias")) {
            EXPECT_NE(values, changed.at(name)) << name;
        }
    }
    const auto values = values_by_name(store);
    EXPECT_NE(Floats(values.at("query").begin(), values.at("query").begin() + 3), values.at("key"))
        << "parts have numbers of their own";
    EXPECT_EQ(Floats(5, 0), values.at("used.bias"));
}

TEST_F(Stored, GradientsAreWrittenIntoTheFlatBuffer) {
    ParameterStore store(context_, model_, 1);
    const Floats one(3, 1);
    const Variable x(Tensor::from_host(context_, {1, 3}, std::span<const float>(one)));
    const auto pass = [&] {
        context_.tape().backward(model_.used.forward(x));
        context_.tape().clear();
    };
    store.begin_step();
    pass();
    Parameter& weight = *model_.used.parameters()[0];
    const ParameterGroup& group = store.groups()[0];
    const auto place = std::find(group.parameters.begin(), group.parameters.end(), &weight) - group.parameters.begin();
    const auto flat = [&] {
        return group.gradients.view(group.offsets.at(static_cast<std::size_t>(place)), {15}).to_vector();
    };
    EXPECT_EQ(Floats(15, 1), flat());
    pass();
    EXPECT_EQ(Floats(15, 2), flat()) << "a second micro-batch adds";
    store.begin_step();
    pass();
    EXPECT_EQ(Floats(15, 1), flat()) << "a new step starts anew";
}

TEST_F(Stored, GradientsThatNothingWroteBecomeZero) {
    ParameterStore store(context_, model_, 1);
    const auto gradients_of_unused = [&] {
        return model_.unused.parameters()[0]->gradient_slot().gradient().to_vector();
    };
    const Floats one(7, 1);
    const Variable x(Tensor::from_host(context_, {1, 7}, std::span<const float>(one)));
    store.begin_step();
    context_.tape().backward(model_.unused.forward(x));
    context_.tape().clear();
    store.finish_gradients();
    EXPECT_EQ(one, gradients_of_unused());
    store.begin_step();
    store.finish_gradients();
    EXPECT_EQ(Floats(7, 0), gradients_of_unused()) << "what the last step left is gone";
    for (Parameter* parameter : store.parameters()) EXPECT_TRUE(parameter->gradient_slot().defined());
}

TEST_F(Stored, AModelIsLaidOutOnce) {
    ParameterStore store(context_, model_, 1);
    EXPECT_EQ("a model is laid out twice", message_of<Error>([&] { ParameterStore(context_, model_, 1); }));
}

TEST_F(Stored, AModelWithoutParametersIsFine) {
    struct Empty : Module {
    } empty;
    ParameterStore store(context_, empty, 1);
    store.begin_step();
    store.finish_gradients();
    EXPECT_TRUE(store.parameters().empty());
}

}  // namespace

}  // namespace heed::test::parameter_store_test
