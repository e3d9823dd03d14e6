#include "heed/attention/registry.h"

#include <gtest/gtest.h>

#include <set>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"

namespace heed::registry_test {
namespace {

using test::contains;
using test::message_of;

constexpr AttentionPattern patterns[] = {AttentionPattern::noncausal_self, AttentionPattern::causal_self,
                                         AttentionPattern::noncausal_cross, AttentionPattern::causal_cross};

/// The message of refusing to build a layer.
std::string refusal(const AttentionType& type, const AttentionGeometry& geometry) {
    const auto options = type.make_options();
    const AttentionChoice choice{&type, dynamic_cast<const AttentionOptions*>(options.get())};
    return message_of<UserError>([&] { choice.make(geometry); });
}

TEST(AttentionRegistry, NamesAreUniqueAndLeadBackToTheirTypes) {
    std::set<std::string> names;
    for (const AttentionType& type : attention_types()) {
        EXPECT_TRUE(names.insert(type.name).second) << type.name;
        EXPECT_EQ(&attention_type(type.name), &type);
        EXPECT_GT(std::string(type.summary).size(), 10U) << type.name;
    }
    EXPECT_TRUE(names.contains("sdpa"));
    EXPECT_TRUE(names.contains("optimised"));
    EXPECT_TRUE(names.contains("efficient"));
    EXPECT_TRUE(names.contains("super"));
    EXPECT_TRUE(names.contains("smyrf"));
}

TEST(AttentionRegistry, AnUnknownNameIsAnsweredWithTheNearest) {
    const std::string message = message_of<UserError>([] { attention_type("optimized"); });
    EXPECT_TRUE(contains(message, "'optimized'"));
    EXPECT_TRUE(contains(message, "optimised"));
}

TEST(AttentionRegistry, EveryTypeHasTheCommonOptions) {
    for (const AttentionType& type : attention_types()) {
        const auto options = type.make_options();
        const auto* common = dynamic_cast<const AttentionOptions*>(options.get());
        ASSERT_NE(common, nullptr) << type.name;
        EXPECT_TRUE(common->bias) << type.name;
        EXPECT_EQ(common->dropout, 0.0) << type.name;
    }
}

TEST(AttentionRegistry, HeadsHaveToDivideTheDimension) {
    for (const AttentionType& type : attention_types()) {
        const std::string message = refusal(type, {.dim = 32, .heads = 5, .max_tokens = 16});
        EXPECT_TRUE(contains(message, "5 heads")) << type.name;
        EXPECT_TRUE(contains(message, "32")) << type.name;
        EXPECT_TRUE(contains(refusal(type, {.dim = 32, .heads = 0, .max_tokens = 16}), "0 heads")) << type.name;
    }
}

TEST(AttentionRegistry, HeadsHaveALargestSize) {
    for (const AttentionType& type : attention_types()) {
        EXPECT_TRUE(contains(refusal(type, {.dim = 1026, .heads = 2, .max_tokens = 16}), "got 513")) << type.name;
        const auto options = type.make_options();
        const AttentionChoice choice{&type, dynamic_cast<const AttentionOptions*>(options.get())};
        EXPECT_EQ(choice.make({.dim = 1024, .heads = 2, .max_tokens = 16})->geometry().dim, 1024) << type.name;
    }
}

TEST(AttentionRegistry, RotaryPositionsAreRefusedWhereTheyMakeNoSense) {
    std::set<std::string> names;
    for (const AttentionType& type : attention_types()) {
        const AttentionGeometry geometry = {.dim = 8, .heads = 2, .max_tokens = 16, .rotary_base = 10000.0};
        const std::string message = refusal(type, geometry);
        if (message == "(nothing thrown)") {
            names.insert(type.name);
            EXPECT_TRUE(contains(refusal(type, {.dim = 6, .heads = 2, .max_tokens = 16, .rotary_base = 10000.0}),
                                 "an even number of features for rotary positions, got 3"));
            continue;
        }
        EXPECT_TRUE(contains(message, std::string("'") + type.name + "' cannot have rotary positions")) << message;
        EXPECT_TRUE(contains(message, "types that can: sdpa, optimised,")) << message;
    }
    EXPECT_EQ(names, (std::set<std::string>{"sdpa", "optimised", "efficient", "super", "smyrf", "local",
                                            "nystromformer", "performer", "lara", "probsparse"}));
    const AttentionGeometry causal = {
        .dim = 8, .heads = 2, .pattern = AttentionPattern::causal_self, .max_tokens = 16, .rotary_base = 10000.0};
    EXPECT_FALSE(contains(refusal(attention_type("abc"), causal), "nystromformer"));
}

TEST(AttentionRegistry, APatternThatATypeCannotDoIsRefusedWithTheTypesThatCan) {
    AttentionType incapable = attention_type("sdpa");
    incapable.name = "incapable";
    incapable.capabilities = {};
    for (const AttentionPattern pattern : patterns) {
        const std::string message = refusal(incapable, {.dim = 8, .heads = 2, .pattern = pattern});
        EXPECT_TRUE(contains(message, std::string("'incapable' cannot do ") + attention_pattern_name(pattern)));
        ASSERT_TRUE(contains(message, "types that can: "));
        const std::string able = message.substr(message.find("types that can: ")) + ",";
        for (const AttentionType& type : attention_types()) {
            EXPECT_EQ(contains(able, " " + std::string(type.name) + ","), type.capabilities.can(pattern))
                << message << " / " << type.name;
        }
    }
}

TEST(AttentionRegistry, AFixedLengthHasToBeKnown) {
    int fixed = 0;
    for (const AttentionType& type : attention_types()) {
        for (const AttentionPattern pattern : patterns) {
            if (!type.capabilities.fixed_length || !type.capabilities.can(pattern)) continue;
            ++fixed;
            // Of the two lengths only that of the keys counts.
            AttentionGeometry geometry = {.dim = 8, .heads = 2, .pattern = pattern};
            (is_cross(pattern) ? geometry.max_tokens : geometry.max_source_tokens) = 16;
            const std::string message = refusal(type, geometry);
            EXPECT_TRUE(contains(message, std::string("'") + type.name + "' needs to know")) << message;
            EXPECT_EQ(contains(message, "of the source"), is_cross(pattern)) << message;
            EXPECT_TRUE(contains(message, "types of any length: sdpa, optimised")) << message;
            EXPECT_FALSE(contains(message, std::string(", ") + type.name)) << message;
        }
    }
    EXPECT_GT(fixed, 0);
}

TEST(AttentionRegistry, EveryDeclaredPatternCanBeBuilt) {
    for (const AttentionType& type : attention_types()) {
        const auto options = type.make_options();
        const AttentionChoice choice{&type, dynamic_cast<const AttentionOptions*>(options.get())};
        for (const AttentionPattern pattern : patterns) {
            if (!type.capabilities.can(pattern)) continue;
            EXPECT_NE(
                choice.make({.dim = 8, .heads = 2, .pattern = pattern, .max_tokens = 16, .max_source_tokens = 16}),
                nullptr)
                << type.name;
        }
    }
}

TEST(AttentionRegistry, PatternsHaveNamesOfTheirOwn) {
    std::set<std::string> names;
    for (const AttentionPattern pattern : patterns) names.insert(attention_pattern_name(pattern));
    EXPECT_EQ(names.size(), 4U);
}

}  // namespace
}  // namespace heed::registry_test
