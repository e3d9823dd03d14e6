// ctest: cuda
#include "heed/attention/linear/feature_attention.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "heed/attention/linear/cosine_features.h"
#include "heed/attention/linear/log_features.h"
#include "heed/attention/linear/segment_means.h"
#include "heed/core/error.h"
#include "heed/tests/definitions/attention/feature_attention.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/op_harness.h"
#include "heed/tests/support/op_inputs.h"

// The ops of linear attention against their definitions.

namespace heed::test::feature_attention_test {
namespace {

using Variables = std::vector<Variable>;
using Arrays = std::vector<definitions::Values>;
using Sizes = definitions::FeatureAttention;

void expect_right(const OpCase& op_case) {
    const std::vector<std::string> failures = check_op(op_case);
    EXPECT_TRUE(failures.empty()) << joined(failures);
}

FeatureAttention attention_of(const Sizes& sizes, Context& context, const Variables& in) {
    FeatureAttention result{.query = in[0], .key = in[1], .value = {in[2], 0}, .head_dim = sizes.head_dim};
    if (!sizes.key_lengths.empty()) result.key_lengths = integers(context, sizes.key_lengths);
    result.logarithmic = sizes.logarithmic;
    result.causal = sizes.causal;
    result.floor = static_cast<float>(sizes.floor);
    return result;
}

/// Plain features are between 0.1 and 2.1, so that their sums are no rounding errors.
std::vector<OpInput> inputs_of(const Sizes& sizes) {
    const float shift = sizes.logarithmic ? 0 : 1.1F;
    std::vector<OpInput> inputs = {{"query", {sizes.batch, sizes.queries, sizes.heads, sizes.features}},
                                   {"key", {sizes.batch, sizes.keys, sizes.heads, sizes.features}},
                                   {"value", {sizes.batch, sizes.keys, sizes.heads * sizes.head_dim}}};
    inputs[0].shift = inputs[1].shift = shift;
    for (OpInput& input : inputs) {
        if (sizes.key_lengths.empty() || &input == inputs.data()) continue;
        input.unread = [=, width = input.shape.elements() /
                                   std::max<int64_t>(sizes.batch * sizes.keys, 1)](int64_t element) {
            const int64_t token = element / width;
            return token % sizes.keys >= sizes.key_lengths[static_cast<std::size_t>(token / sizes.keys)];
        };
    }
    return inputs;
}

OpCase attention_case(const std::string& label, const Sizes& sizes) {
    return {.op = "feature_attention",
            .label = label,
            .inputs = inputs_of(sizes),
            .run = [=](Context& context,
                       const Variables& in) { return Variables{feature_attention(attention_of(sizes, context, in))}; },
            .definition =
                [=](const Arrays& in) { return Arrays{definitions::feature_attention(in[0], in[1], in[2], sizes)}; }};
}

TEST(FeatureAttention, EqualsItsDefinition) {
    for (const bool logarithmic : {true, false}) {
        const auto check = [&](const std::string& label, Sizes sizes) {
            sizes.logarithmic = logarithmic;
            expect_right(attention_case(label + (logarithmic ? ", logarithms" : ""), sizes));
        };
        check("smallest", {1, 1, 1, 1, 1, 1});
        check("self", {2, 3, 7, 7, 5, 6});
        check("many features", {1, 2, 5, 6, 37, 3});
        check("wide heads", {1, 2, 5, 6, 4, 67});
        check("wide vectors", {1, 1, 3, 4, 16, 64});
        check("cross", {2, 2, 3, 9, 4, 5});
        check("key lengths", {4, 2, 5, 9, 4, 3, {9, 1, 0, 6}});
        check("causal", {2, 2, 9, 9, 4, 3, {}, true});
        check("causal and key lengths", {3, 1, 7, 7, 4, 5, {7, 2, 0}, true});
        check("no samples", {0, 2, 5, 5, 4, 3});
        check("no queries", {2, 2, 0, 5, 4, 3});
        check("no keys", {2, 2, 5, 0, 4, 3});
    }
}

TEST(FeatureAttention, DividesByNoLessThanTheFloor) {
    // Sums of 9 keys and 4 features with products of about 1.2 lie around 45.
    expect_right(attention_case("floor of some", {2, 2, 9, 9, 4, 3, {}, true, false, 25}));
    expect_right(attention_case("floor of all", {2, 2, 5, 9, 4, 3, {}, false, false, 1e4}));
}

TEST(FeatureAttention, LogarithmsMayBeFarApart) {
    // e^300 is no float; every feature has its own greatest logarithm.
    for (const bool causal : {false, true}) {
        Sizes sizes{1, 1, 6, 6, 3, 4, {}, causal, true};
        OpCase far = attention_case("far", sizes);
        for (int input = 0; input < 2; ++input) far.inputs[input].shift = input == 0 ? 300.0F : -280.0F;
        expect_right(far);
        Context context;
        std::vector<float> query(18, 0), key(18), value = numbers(24, 3);
        for (size_t i = 0; i < 18; ++i) key[i] = static_cast<float>(static_cast<int>(i * 7 % 18) - 9) * 40;
        const auto tensor = [&](const Shape& shape, const std::vector<float>& values) {
            return Variable(Tensor::from_host(context, shape, std::span<const float>(values)));
        };
        const std::vector<float> got =
            feature_attention(
                attention_of(sizes, context,
                             {tensor({1, 6, 1, 3}, query), tensor({1, 6, 1, 3}, key), tensor({1, 6, 4}, value)}))
                .value()
                .to_vector();
        // The greatest logarithm of all that a query sees stands alone.
        for (int64_t i = 0; i < 6; ++i) {
            const int64_t seen = causal ? (i + 1) * 3 : 18;
            const auto greatest = std::max_element(key.begin(), key.begin() + seen) - key.begin();
            for (int64_t x = 0; x < 4; ++x) EXPECT_NEAR(got[i * 4 + x], value[greatest / 3 * 4 + x], 1e-6) << i;
        }
    }
}

TEST(FeatureAttention, WeightsEqualTheirDefinition) {
    for (const bool logarithmic : {true, false}) {
        for (const bool causal : {true, false}) {
            const Sizes sizes{3, 2, 7, 7, 5, 4, {7, 3, 0}, causal, logarithmic, 2};
            std::vector<float> query = numbers(3 * 7 * 2 * 5, 1, 1, logarithmic ? 0 : 1), value(3 * 7 * 8, 1.0F);
            const std::vector<float> key = numbers(3 * 7 * 2 * 5, 2, 1, logarithmic ? 0 : 1);
            const auto wanted =
                definitions::feature_weights({query.begin(), query.end()}, {key.begin(), key.end()}, sizes);
            for (const char* device : computing_devices()) {
                Context context(device);
                const auto tensor = [&](const Shape& shape, const std::vector<float>& values) {
                    return Variable(Tensor::from_host(context, shape, std::span<const float>(values)));
                };
                const Tensor weights = feature_attention_weights(
                    attention_of(sizes, context,
                                 {tensor({3, 7, 2, 5}, query), tensor({3, 7, 2, 5}, key), tensor({3, 7, 8}, value)}));
                expect_close(weights.to_vector(), wanted, 1e-5, 1e-6, device);
            }
        }
    }
}

TEST(FeatureAttention, GoesOnWhereItEnded) {
    const Sizes sizes{2, 2, 9, 9, 5, 4, {}, true, true};
    for (const char* device : computing_devices()) {
        Context context(device);
        const auto part = [&](const std::vector<float>& values, const Shape& shape, int64_t first, int64_t count) {
            const int64_t width = shape.elements() / shape[0] / shape[1];
            std::vector<float> some;
            for (int64_t b = 0; b < shape[0]; ++b) {
                const auto begin = values.begin() + (b * shape[1] + first) * width;
                some.insert(some.end(), begin, begin + count * width);
            }
            std::vector<int64_t> sizes_of = shape.to_vector();
            sizes_of[1] = count;
            return Variable(Tensor::from_host(context, Shape(sizes_of), std::span<const float>(some)));
        };
        const Shape features = {2, 9, 2, 5}, values = {2, 9, 8};
        const std::vector<float> q = numbers(features.elements(), 1), k = numbers(features.elements(), 2),
                                 v = numbers(values.elements(), 3);
        const auto of_part = [&](int64_t first, int64_t count) {
            return attention_of(
                sizes, context,
                {part(q, features, first, count), part(k, features, first, count), part(v, values, first, count)});
        };
        const std::vector<float> whole = feature_attention(of_part(0, 9)).value().to_vector();
        Tensor state;
        int64_t first = 0;
        for (const int64_t count : {4, 1, 0, 3, 1}) {
            const std::vector<float> some = continue_feature_attention(of_part(first, count), state).to_vector();
            for (int64_t i = 0; i < std::ssize(some); ++i) {
                const int64_t b = i / (count * 8), rest = i % (count * 8);
                EXPECT_NEAR(some[i], whole[(b * 9 + first) * 8 + rest], 2e-6) << device << " " << first;
            }
            first += count;
        }
        EXPECT_EQ(first, 9);
    }
}

TEST(FeatureAttention, RefusesWhatDoesNotFit) {
    Context context;
    const Variable features(Tensor::zeros(context, {2, 3, 2, 5})), values(Tensor::zeros(context, {2, 3, 8}));
    const auto refused = [&](auto change) {
        FeatureAttention attention{.query = features, .key = features, .value = {values, 0}, .head_dim = 4};
        change(attention);
        return message_of<Error>([&] { feature_attention(attention); });
    };
    EXPECT_TRUE(contains(refused([](auto& a) { a.value.first_column = 1; }), "do not lie within the 8 columns"));
    EXPECT_TRUE(contains(refused([&](auto& a) { a.key = values; }), "key features"));
    EXPECT_TRUE(contains(refused([&](auto& a) { a.value.source = features; }), "value"));
    EXPECT_TRUE(contains(refused([](auto& a) { a.head_dim = 0; }), "heads of 1 to 512"));
    EXPECT_TRUE(contains(refused([&](auto& a) { a.key_lengths = integers(context, {1, 2, 3}); }), "key_lengths"));
    EXPECT_TRUE(contains(refused([&](auto& a) {
                             a.causal = true;
                             a.query = Variable(Tensor::zeros(context, {2, 4, 2, 5}));
                         }),
                         "got 4 and 3"));
}

OpCase log_features_case(const std::string& label, const Sizes& sizes, bool shared, double factor) {
    const int64_t tokens = sizes.keys;
    return {
        .op = "log_features",
        .label = label,
        .inputs = {{"x", {sizes.batch, tokens, sizes.heads * sizes.head_dim}},
                   {"directions", {shared ? 1 : sizes.batch, sizes.heads, sizes.features, sizes.head_dim}}},
        .run =
            [=](Context&, const Variables& in) {
                return Variables{log_features({in[0], 0}, in[1], static_cast<float>(factor))};
            },
        .definition =
            [=](const Arrays& in) { return Arrays{definitions::log_features(in[0], in[1], factor, sizes, tokens)}; }};
}

TEST(LogFeatures, EqualTheirDefinition) {
    for (const bool shared : {true, false}) {
        for (const double factor : {0.0, 0.25}) {
            const std::string label = std::string(shared ? "shared" : "of each sample") + (factor > 0 ? ", norms" : "");
            expect_right(log_features_case(label, {3, 2, 1, 5, 7, 4}, shared, factor));
            expect_right(log_features_case(label + ", no tokens", {2, 2, 1, 0, 7, 4}, shared, factor));
        }
    }
    expect_right(log_features_case("wide", {1, 1, 1, 3, 17, 67}, true, 0.125));
}

OpCase cosine_case(const std::string& label, const definitions::Integers& lengths, int64_t other_tokens,
                   const definitions::Integers& other_lengths, const definitions::Integers& periods) {
    constexpr int64_t tokens = 6, heads = 2, head_dim = 5;
    const auto batch = static_cast<int64_t>(periods.size());
    return {.op = "cosine_features",
            .label = label,
            .inputs = {{"x", {batch, tokens, heads * head_dim}, Fill::away_from_zero}},
            .run =
                [=](Context& context, const Variables& in) {
                    CosineFeatureInput input{.x = {in[0], 0}, .heads = heads, .head_dim = head_dim};
                    if (!lengths.empty()) input.lengths = integers(context, lengths);
                    input.other_tokens = other_tokens;
                    if (!other_lengths.empty()) input.other_lengths = integers(context, other_lengths);
                    return Variables{cosine_features(input)};
                },
            .definition =
                [=](const Arrays& in) {
                    return Arrays{definitions::cosine_features(in[0], periods, tokens, heads, head_dim)};
                }};
}

TEST(CosineFeatures, EqualTheirDefinition) {
    expect_right(cosine_case("all real", {}, 0, {}, {6, 6}));
    expect_right(cosine_case("lengths", {6, 3, 0}, 0, {}, {6, 3, 1}));
    expect_right(cosine_case("another sequence", {}, 9, {}, {9, 9}));
    expect_right(cosine_case("lengths of both", {6, 3, 0, 2}, 9, {2, 9, 4, 0}, {6, 9, 4, 2}));
    expect_right(cosine_case("no samples", {}, 0, {}, {}));
}

OpCase segments_case(const std::string& label, const definitions::Integers& lengths, int64_t segments) {
    constexpr int64_t tokens = 7, heads = 2, head_dim = 3;
    const auto batch = static_cast<int64_t>(lengths.size());
    OpInput x{"x", {batch, tokens, heads * head_dim}};
    x.unread = [=](int64_t element) {
        const int64_t token = element / (heads * head_dim);
        return token % tokens >= lengths[static_cast<std::size_t>(token / tokens)];
    };
    return {.op = "segment_means",
            .label = label,
            .inputs = {x},
            .run =
                [=](Context& context, const Variables& in) {
                    return Variables{segment_means({.x = {in[0], 0},
                                                    .heads = heads,
                                                    .head_dim = head_dim,
                                                    .segments = segments,
                                                    .lengths = integers(context, lengths)})};
                },
            .definition =
                [=](const Arrays& in) {
                    return Arrays{definitions::segment_means(in[0], lengths, tokens, heads, head_dim, segments)};
                }};
}

TEST(SegmentMeans, EqualTheirDefinition) {
    for (const int64_t segments : {1, 3, 7, 16}) {
        expect_right(segments_case(std::to_string(segments), {7, 3, 0, 1}, segments));
    }
    expect_right(segments_case("no samples", {}, 3));
}

/// x lies in any columns.
TEST(LinearAttention, ReadsColumns) {
    const Sizes sizes{2, 2, 5, 5, 7, 3, {}, false, true};
    const definitions::Integers periods = {5, 5};
    const auto columns = [](const definitions::Values& x, int64_t first) {
        definitions::Values some;
        for (size_t token = 0; token < x.size() / 20; ++token) {
            some.insert(some.end(), x.begin() + token * 20 + first, x.begin() + token * 20 + first + 6);
        }
        return some;
    };
    const auto expect_case = [&](const OpCase::Run& run, const OpCase::Definition& definition) {
        expect_right({.op = "linear attention",
                      .label = "columns of one variable",
                      .inputs = {{"packed", {2, 5, 20}, Fill::away_from_zero}},
                      .run = run,
                      .definition = definition,
                      .may_be_nan = false});
    };
    const std::vector<float> numbers_of_directions = numbers(2 * 7 * 3, 5);
    expect_case(
        [=](Context& context, const Variables& in) {
            const Variable directions(
                Tensor::from_host(context, {1, 2, 7, 3}, std::span<const float>(numbers_of_directions)));
            FeatureAttention attention{.query = log_features({in[0], 1}, directions, 0),
                                       .key = log_features({in[0], 7}, directions, 0.5F),
                                       .value = {in[0], 13},
                                       .head_dim = 3,
                                       .logarithmic = true};
            return Variables{feature_attention(attention)};
        },
        [=](const Arrays& in) {
            const auto logs = [&](int64_t first, double factor) {
                return definitions::log_features(columns(in[0], first),
                                                 {numbers_of_directions.begin(), numbers_of_directions.end()}, factor,
                                                 sizes, 5);
            };
            return Arrays{definitions::feature_attention(logs(1, 0), logs(7, 0.5), columns(in[0], 13), sizes)};
        });
    expect_case(
        [](Context&, const Variables& in) {
            return Variables{cosine_features({.x = {in[0], 4}, .heads = 2, .head_dim = 3})};
        },
        [=](const Arrays& in) { return Arrays{definitions::cosine_features(columns(in[0], 4), periods, 5, 2, 3)}; });
}

TEST(FeatureAttention, HasTheSameBitsWithTwoThreads) {
    expect_same_with_two_threads([] {
        Context context;
        const Sizes sizes{2, 3, 33, 33, 16, 8, {}, true, true};
        const auto leaf = [&](const Shape& shape, uint32_t seed) {
            return context.tape().leaf(
                Tensor::from_host(context, shape, std::span<const float>(numbers(shape.elements(), seed))));
        };
        const Variable q = leaf({2, 33, 3, 16}, 1), k = leaf({2, 33, 3, 16}, 2), v = leaf({2, 33, 24}, 3);
        const Variable y = feature_attention(attention_of(sizes, context, {q, k, v}));
        context.tape().backward(y, y.value());
        std::vector<float> all = y.value().to_vector();
        for (const Variable* each : {&q, &k, &v}) {
            const std::vector<float> gradient = each->slot()->gradient().to_vector();
            all.insert(all.end(), gradient.begin(), gradient.end());
        }
        context.tape().clear();
        return all;
    });
}

}  // namespace
}  // namespace heed::test::feature_attention_test
