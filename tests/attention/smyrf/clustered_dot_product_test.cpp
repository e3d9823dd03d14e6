// ctest: card
// ctest: processors 2
#include "heed/attention/smyrf/clustered_dot_product.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "heed/core/error.h"
#include "heed/tests/definitions/attention/smyrf.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/op_harness.h"
#include "heed/tests/support/op_inputs.h"

namespace heed::test::clustered_dot_product_test {

namespace {

using Variables = std::vector<Variable>;
using Arrays = std::vector<definitions::Values>;

struct Sizes {
    int64_t batch, heads, queries, keys, head_dim, rounds, cluster;
    definitions::Integers query_lengths = {}, key_lengths = {};
    float dropout = 0;
    bool packed = false;  ///< one input [batch, tokens, 3 * dim + 5]: query, key and value from column 2 on

    int64_t dim() const { return heads * head_dim; }
};

Sizes self_attention(int64_t batch, int64_t heads, int64_t tokens, int64_t head_dim, int64_t rounds, int64_t cluster,
                     const definitions::Integers& lengths = {}, float dropout = 0) {
    return {batch, heads, tokens, tokens, head_dim, rounds, cluster, lengths, lengths, dropout};
}

/// Any order of each sample's real tokens, padded ones behind.
definitions::Integers some_orders(const Sizes& s, int64_t tokens, const definitions::Integers& lengths, uint32_t seed) {
    definitions::Integers orders;
    for (int64_t place = 0; place < s.batch * s.heads * s.rounds; ++place) {
        const int64_t b = place / s.rounds / s.heads;
        const int64_t real = lengths.empty() ? tokens : lengths[static_cast<std::size_t>(b)];
        const std::vector<float> key = numbers(tokens, seed + static_cast<uint32_t>(place));
        definitions::Integers order(static_cast<std::size_t>(tokens));
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.begin() + real, [&](int64_t x, int64_t y) { return key[x] < key[y]; });
        orders.insert(orders.end(), order.begin(), order.end());
    }
    return orders;
}

definitions::Orders some_orders(const Sizes& s) {
    return {some_orders(s, s.queries, s.query_lengths, 1000), some_orders(s, s.keys, s.key_lengths, 5000)};
}

SmyrfOrders on_device(Context& context, const Sizes& s, const definitions::Orders& orders) {
    const auto tensor = [&](const definitions::Integers& values, int64_t tokens) {
        const std::vector<int32_t> narrow(values.begin(), values.end());
        return Tensor::from_host(context, {s.batch, s.heads, s.rounds, tokens}, std::span<const int32_t>(narrow));
    };
    return {tensor(orders.queries, s.queries), tensor(orders.keys, s.keys)};
}

SmyrfInputs attention_of(const Sizes& s, Context& context, const Variables& in) {
    SmyrfInputs attention;
    if (s.packed) {
        attention.heads.query = {in[0], 2};
        attention.heads.key = {in[0], 2 + s.dim()};
        attention.heads.value = {in[0], 2 + 2 * s.dim()};
    } else {
        attention.heads.query = {in[0], 0};
        attention.heads.key = {in[1], 0};
        attention.heads.value = {in[2], 0};
    }
    attention.heads.heads = s.heads;
    attention.heads.head_dim = s.head_dim;
    if (!s.key_lengths.empty()) attention.heads.mask.key_lengths = integers(context, s.key_lengths);
    if (!s.query_lengths.empty()) attention.query_lengths = integers(context, s.query_lengths);
    attention.heads.dropout = s.dropout;
    attention.heads.stream = random_stream();
    attention.rounds = s.rounds;
    attention.cluster = s.cluster;
    return attention;
}

definitions::Smyrf definition_of(const Sizes& s) {
    return {.attention = {.batch = s.batch,
                          .heads = s.heads,
                          .queries = s.queries,
                          .keys = s.keys,
                          .head_dim = s.head_dim,
                          .key_lengths = s.key_lengths,
                          .dropout = static_cast<double>(s.dropout),
                          .random = random_numbers()},
            .query_lengths = s.query_lengths,
            .rounds = s.rounds,
            .cluster = s.cluster};
}

std::vector<OpInput> inputs_of(const Sizes& s) {
    if (s.packed) return {{"packed", {s.batch, s.queries, 3 * s.dim() + 5}}};
    OpInput query{"query", {s.batch, s.queries, s.dim()}};
    OpInput key{"key", {s.batch, s.keys, s.dim()}}, value{"value", {s.batch, s.keys, s.dim()}};
    const auto padded = [dim = s.dim()](const definitions::Integers& lengths, int64_t tokens) {
        return [=](int64_t element) {
            const int64_t token = element / dim;
            return token % tokens >= lengths[static_cast<std::size_t>(token / tokens)];
        };
    };
    if (!s.query_lengths.empty()) query.unread = padded(s.query_lengths, s.queries);
    if (!s.key_lengths.empty()) key.unread = value.unread = padded(s.key_lengths, s.keys);
    return {query, key, value};
}

OpCase smyrf_case(const std::string& label, const Sizes& s) {
    const definitions::Orders orders = some_orders(s);
    const std::vector<OpInput> inputs = inputs_of(s);
    const auto heads = [=](const Arrays& in, std::size_t role) {
        const auto column = static_cast<int64_t>(role) * s.dim() + 2;
        return s.packed ? definitions::Heads{in[0], 3 * s.dim() + 5, column} : definitions::Heads{in[role], s.dim(), 0};
    };
    return {
        .op = "clustered_dot_product",
        .label = label,
        .inputs = inputs,
        .run =
            [=](Context& context, const Variables& in) {
                return Variables{clustered_dot_product(attention_of(s, context, in), on_device(context, s, orders))};
            },
        .definition =
            [=](const Arrays& in) {
                const definitions::Smyrf definition = definition_of(s);
                return Arrays{definitions::smyrf_attention(heads(in, 0), heads(in, 1), heads(in, 2), definition,
                                                           definitions::smyrf_counts(definition, orders))};
            },
        .value_bound = 5e-6,
        .gradient_bound = 3e-5,
        .may_be_nan = s.dropout == 0};
}

void expect_right(const OpCase& op_case) {
    const std::vector<std::string> failures = check_op(op_case);
    EXPECT_TRUE(failures.empty()) << joined(failures);
}

TEST(ClusteredDotProduct, EqualsItsDefinition) {
    expect_right(smyrf_case("smallest", self_attention(1, 1, 1, 1, 1, 1)));
    expect_right(smyrf_case("one round", self_attention(2, 2, 9, 5, 1, 3)));
    expect_right(smyrf_case("two rounds", self_attention(2, 3, 10, 4, 2, 3)));
    expect_right(smyrf_case("three rounds, odd", self_attention(1, 2, 23, 3, 3, 5)));
    expect_right(smyrf_case("clusters of one", self_attention(1, 2, 6, 4, 2, 1)));
    expect_right(smyrf_case("one chunk, several rounds", self_attention(2, 2, 7, 5, 3, 7)));
    expect_right(smyrf_case("wide heads", self_attention(1, 1, 11, 67, 2, 4)));
    expect_right(smyrf_case("chunks of several vectors", self_attention(1, 1, 75, 8, 2, 38)));
    Sizes packed = self_attention(2, 2, 12, 4, 2, 4);
    packed.packed = true;
    expect_right(smyrf_case("packed", packed));
}

TEST(ClusteredDotProduct, EqualsItsDefinitionWithPadding) {
    expect_right(smyrf_case("lengths", self_attention(4, 2, 13, 4, 2, 3, {13, 1, 0, 8})));
    expect_right(smyrf_case("all padded", self_attention(2, 1, 9, 4, 2, 3, {0, 0})));
    expect_right(smyrf_case("one chunk beside several", self_attention(2, 2, 12, 4, 3, 4, {3, 12})));
}

TEST(ClusteredDotProduct, EqualsItsDefinitionInCrossAttention) {
    expect_right(smyrf_case("fewer keys", {2, 2, 17, 9, 4, 2, 4}));
    expect_right(smyrf_case("fewer keys than chunks", {1, 2, 17, 3, 4, 2, 4}));
    expect_right(smyrf_case("more keys", {2, 2, 7, 30, 4, 2, 2}));
    expect_right(smyrf_case("lengths", {4, 1, 9, 14, 4, 2, 3, {9, 4, 0, 7}, {6, 14, 5, 0}}));
}

TEST(ClusteredDotProduct, EqualsItsDefinitionInClustersOfSeveralTiles) {
    expect_right(smyrf_case("queries", {1, 1, 270, 12, 2, 2, 135}));
    expect_right(smyrf_case("keys", {1, 1, 6, 530, 2, 2, 3}));
}

TEST(ClusteredDotProduct, DropsThePairsOfDenseAttention) {
    expect_right(smyrf_case("one round", self_attention(2, 2, 20, 4, 1, 5, {}, 0.3F)));
    expect_right(smyrf_case("two rounds", self_attention(2, 2, 70, 3, 2, 20, {70, 31}, 0.2F)));
    expect_right(smyrf_case("cross", {2, 2, 33, 90, 3, 2, 9, {}, {}, 0.5F}));
}

TEST(ClusteredDotProduct, NothingToDo) {
    expect_right(smyrf_case("no samples", self_attention(0, 2, 9, 4, 2, 3)));
    expect_right(smyrf_case("no queries", {2, 2, 0, 5, 4, 2, 3}));
    expect_right(smyrf_case("no keys", {2, 2, 9, 0, 4, 2, 3}));
}

/// Inputs of a size, on a device.
struct Inputs {
    Inputs(const Sizes& s, Context& context, float magnitude = 1)
        : variables{tensor(context, {s.batch, s.queries, s.dim()}, 1, magnitude),
                    tensor(context, {s.batch, s.keys, s.dim()}, 2, magnitude),
                    tensor(context, {s.batch, s.keys, s.dim()}, 3, magnitude)} {}

    static Variable tensor(Context& context, const Shape& shape, uint32_t seed, float magnitude) {
        return context.tape().leaf(Tensor::from_host(context, shape, numbers(shape.elements(), seed, magnitude)));
    }

    Variables variables;
};

std::vector<int32_t> host(const Tensor& tensor) {
    std::vector<int32_t> values(static_cast<std::size_t>(tensor.elements()));
    tensor.copy_to_host(values.data());
    return values;
}

Tensor some_directions(Context& context, const Sizes& s) {
    const Shape shape = {s.rounds, s.heads, s.head_dim + 2};
    return Tensor::from_host(context, shape, numbers(shape.elements(), 9, 2));
}

/// Each order holds the real tokens by their hashes, then the padded ones; `hashes` are those of the definition.
void expect_sorted(const Sizes& s, int64_t tokens, const definitions::Integers& lengths,
                   const std::vector<int32_t>& order, const definitions::Values& hashes) {
    ASSERT_EQ(order.size(), hashes.size());
    const definitions::Integers chunks = definitions::smyrf_chunks(definition_of(s));
    for (int64_t place = 0; place < s.batch * s.heads * s.rounds; ++place) {
        const int64_t b = place / s.rounds / s.heads;
        const int64_t real = lengths.empty() ? tokens : lengths[b];
        const auto begin = order.begin() + place * tokens;
        std::vector<int32_t> sorted(begin, begin + real);
        for (int64_t i = 0; i + 1 < real && chunks[b] > 1; ++i) {
            ASSERT_LE(hashes[place * tokens + sorted[i]], hashes[place * tokens + sorted[i + 1]] + 1e-5) << place;
        }
        std::sort(sorted.begin(), sorted.end());
        for (int64_t i = 0; i < real; ++i) ASSERT_EQ(sorted[i], i) << "order " << place;
        for (int64_t i = real; i < tokens; ++i) ASSERT_EQ(begin[i], i) << "order " << place;
    }
}

TEST(SmyrfOrders, SortByTheHashesOfTheDefinition) {
    for (const Sizes& s : {self_attention(2, 2, 40, 5, 2, 8), self_attention(4, 2, 50, 16, 3, 8, {50, 0, 5, 31}),
                           Sizes{2, 1, 30, 70, 4, 2, 4, {30, 11}, {9, 70}}, self_attention(1, 1, 2100, 8, 1, 32)}) {
        for_each_context([&](Context& context) {
            const Inputs in(s, context);
            const Tensor directions = some_directions(context, s);
            const SmyrfOrders orders = smyrf_orders(attention_of(s, context, in.variables), directions);
            const auto wide = [](const Tensor& tensor) {
                const std::vector<float> values = tensor.to_vector();
                return definitions::Values(values.begin(), values.end());
            };
            const definitions::Values query = wide(in.variables[0].value()), key = wide(in.variables[1].value());
            const definitions::Hashes hashes =
                definitions::smyrf_hashes({query, s.dim()}, {key, s.dim()}, definition_of(s), wide(directions));
            expect_sorted(s, s.queries, s.query_lengths, host(orders.queries), hashes.queries);
            expect_sorted(s, s.keys, s.key_lengths, host(orders.keys), hashes.keys);
        });
    }
}

TEST(SmyrfOrders, AVectorThatAllKeysHaveInCommonMovesNone) {
    const Sizes s = self_attention(2, 2, 60, 5, 2, 8, {60, 37});
    const std::vector<float> common = numbers(s.dim(), 8, 3);
    for_each_context([&](Context& context) {
        Inputs in(s, context);
        const Tensor directions = some_directions(context, s);
        const auto wide = [](const Tensor& tensor) {
            const std::vector<float> values = tensor.to_vector();
            return definitions::Values(values.begin(), values.end());
        };
        const definitions::Values query = wide(in.variables[0].value()), key = wide(in.variables[1].value());
        const definitions::Hashes hashes =
            definitions::smyrf_hashes({query, s.dim()}, {key, s.dim()}, definition_of(s), wide(directions));
        std::vector<float> shifted = in.variables[1].value().to_vector();
        for (std::size_t i = 0; i < shifted.size(); ++i) shifted[i] += common[i % common.size()];
        in.variables[1] = Variable(Tensor::from_host(context, {s.batch, s.keys, s.dim()}, shifted));
        const SmyrfOrders orders = smyrf_orders(attention_of(s, context, in.variables), directions);
        expect_sorted(s, s.queries, s.query_lengths, host(orders.queries), hashes.queries);
        expect_sorted(s, s.keys, s.key_lengths, host(orders.keys), hashes.keys);
    });
}

TEST(SmyrfOrders, EqualHashesKeepTheirOrderAndNanComesLast) {
    for (const int64_t tokens : {20, 1500}) {
        const Sizes s = self_attention(2, 1, tokens, 4, 1, 4, {tokens, tokens - 6});
        for_each_context([&](Context& context) {
            std::vector<float> values(static_cast<std::size_t>(2 * tokens * 4), 0.25F);
            for (int64_t t = 1; t < tokens; t += 2) {
                for (int64_t c = 0; c < 4; ++c) values[t * 4 + c] = -0.5F;
            }
            values[3 * 4] = values[8 * 4 + 1] = not_a_number;
            for (int64_t t = tokens - 6; t < tokens; ++t) values[(tokens + t) * 4 + 2] = not_a_number;
            const Variable x(Tensor::from_host(context, {2, tokens, 4}, std::span<const float>(values)));
            const SmyrfOrders orders = smyrf_orders(attention_of(s, context, {x, x, x}), some_directions(context, s));
            for (const auto& order : {host(orders.queries), host(orders.keys)}) {
                EXPECT_EQ(order[tokens - 2], 3);
                EXPECT_EQ(order[tokens - 1], 8);
                for (int64_t i = 0; i + 3 < tokens; ++i) {
                    if (order[i] % 2 == order[i + 1] % 2) {
                        ASSERT_LT(order[i], order[i + 1]);
                    }
                }
                // All tokens of the second sample are alike; the padded ones, though NaN, stay behind.
                for (int64_t i = 0; i < tokens; ++i) ASSERT_EQ(order[tokens + i], i);
            }
        });
    }
}

TEST(SmyrfOrders, LargeValuesAndInfinitiesGiveOrders) {
    const Sizes s = self_attention(1, 1, 12, 4, 2, 3);
    for_each_context([&](Context& context) {
        for (const float big : {1e30F, infinity}) {
            std::vector<float> values = numbers(12 * 4, 1);
            values[5] = big;
            values[17] = -big;
            const Variable x(Tensor::from_host(context, {1, 12, 4}, std::span<const float>(values)));
            std::vector<int32_t> order =
                host(smyrf_orders(attention_of(s, context, {x, x, x}), some_directions(context, s)).queries);
            for (int64_t round = 0; round < 2; ++round) {
                std::sort(order.begin() + round * 12, order.begin() + (round + 1) * 12);
                for (int64_t i = 0; i < 12; ++i) ASSERT_EQ(order[round * 12 + i], i);
            }
        }
    });
}

struct Pass {
    std::vector<float> output, d_query, d_key, d_value;

    std::vector<float> all() const {
        std::vector<float> result = output;
        for (const auto* part : {&d_query, &d_key, &d_value}) result.insert(result.end(), part->begin(), part->end());
        return result;
    }
};

template <class Run>
Pass run_pass(Context& context, const Variables& in, const Run& run) {
    Pass pass;
    {
        const Variable output = run();
        pass.output = output.value().to_vector();
        const std::vector<float> seed = numbers(output.value().elements(), 77);
        context.tape().backward(output, Tensor::from_host(context, output.shape(), seed));
        pass.d_query = in[0].slot()->gradient().to_vector();
        pass.d_key = in[1].slot()->gradient().to_vector();
        pass.d_value = in[2].slot()->gradient().to_vector();
    }
    context.tape().clear();
    return pass;
}

Pass run_hashed(Context& context, const Sizes& s, float magnitude = 1) {
    const Inputs in(s, context, magnitude);
    return run_pass(context, in.variables, [&] {
        const SmyrfInputs attention = attention_of(s, context, in.variables);
        return clustered_dot_product(attention, smyrf_orders(attention, some_directions(context, s)));
    });
}

TEST(ClusteredDotProduct, OneChunkIsDenseAttentionForAnyRounds) {
    for (const int64_t rounds : {1, 2, 3}) {
        for (const float dropout : {0.0F, 0.3F}) {
            for (const Sizes& s : {self_attention(2, 2, 30, 8, rounds, 30, {}, dropout),
                                   Sizes{1, 2, 140, 300, 16, rounds, 140, {}, {}, dropout}}) {
                for_each_context([&](Context& context) {
                    const Pass clustered = run_hashed(context, s);
                    const Inputs in(s, context);
                    const Pass dense = run_pass(context, in.variables, [&] {
                        return scaled_dot_product(attention_of(s, context, in.variables).heads);
                    });
                    EXPECT_EQ(clustered.output, dense.output);
                    const std::vector<float> a = clustered.all(), b = dense.all();
                    ASSERT_EQ(a.size(), b.size());
                    for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 2e-6) << i;
                });
            }
        }
    }
}

TEST(ClusteredDotProduct, HasTheSameBitsForAnyNumberOfThreads) {
    for (const Sizes& s : {self_attention(2, 3, 150, 16, 2, 16, {150, 77}), self_attention(1, 1, 600, 24, 3, 64),
                           self_attention(2, 2, 200, 8, 2, 32, {}, 0.2F)}) {
        for_each_context(
            [&](Context& context) { expect_same_with_two_threads([&] { return run_hashed(context, s).all(); }); });
    }
}

TEST(ClusteredDotProduct, ASampleDoesNotDependOnItsPaddingNorOnItsBatch) {
    constexpr int64_t dim = 8, length = 37, padded = 60;
    const std::vector<float> values = numbers(length * dim, 4);
    const std::vector<float> others = numbers(2 * padded * dim, 5);
    for_each_context([&](Context& context) {
        const auto run = [&](const Sizes& s, std::vector<float> x) {
            const Tensor tensor = Tensor::from_host(context, {s.batch, s.queries, dim}, std::span<const float>(x));
            const Variables in = {context.tape().leaf(tensor), context.tape().leaf(tensor),
                                  context.tape().leaf(tensor)};
            return run_pass(context, in, [&] {
                const SmyrfInputs attention = attention_of(s, context, in);
                return clustered_dot_product(attention, smyrf_orders(attention, some_directions(context, s)));
            });
        };
        const Pass alone = run(self_attention(1, 2, length, 4, 2, 8), values);
        std::vector<float> batch = values;
        batch.resize(padded * dim, not_a_number);
        batch.insert(batch.end(), others.begin(), others.end());
        const Pass among = run(self_attention(3, 2, padded, 4, 2, 8, {length, padded, 50}), batch);
        EXPECT_TRUE(std::equal(alone.output.begin(), alone.output.end(), among.output.begin()));
        for (int64_t i = length * dim; i < padded * dim; ++i) {
            ASSERT_EQ(among.output[i], 0.0F);
            ASSERT_EQ(among.d_query[i], 0.0F);
            ASSERT_EQ(among.d_key[i], 0.0F);
            ASSERT_EQ(among.d_value[i], 0.0F);
        }
        for (std::size_t i = padded * dim; i < among.output.size(); ++i) ASSERT_TRUE(std::isfinite(among.output[i]));
    });
}

TEST(ClusteredDotProduct, WeightsAreThoseOfTheDefinition) {
    const Sizes s = self_attention(3, 2, 25, 6, 3, 6, {25, 4, 0});
    const definitions::Orders orders = some_orders(s);
    for_each_context([&](Context& context) {
        const Inputs in(s, context);
        const std::vector<float> query = in.variables[0].value().to_vector(), key = in.variables[1].value().to_vector();
        const definitions::Values q(query.begin(), query.end()), k(key.begin(), key.end());
        const definitions::Smyrf definition = definition_of(s);
        expect_close(
            clustered_dot_product_weights(attention_of(s, context, in.variables), on_device(context, s, orders))
                .to_vector(),
            definitions::smyrf_weights({q, s.dim()}, {k, s.dim()}, definition,
                                       definitions::smyrf_counts(definition, orders)),
            1e-5, 1e-7, "weights");
    });
}

TEST(ClusteredDotProduct, CoveredMassIsTheShareOfTheDenseSoftmax) {
    const Sizes s = self_attention(2, 2, 24, 6, 2, 5, {24, 13});
    const definitions::Orders orders = some_orders(s);
    Context context;
    const Inputs in(s, context, 2);
    const std::vector<float> query = in.variables[0].value().to_vector(), key = in.variables[1].value().to_vector();
    const definitions::Values q(query.begin(), query.end()), k(key.begin(), key.end());
    const definitions::Smyrf definition = definition_of(s);
    const definitions::Values dense = definitions::attention_weights({q, s.dim()}, {k, s.dim()}, definition.attention);
    const definitions::Integers counts = definitions::smyrf_counts(definition, orders);
    std::vector<double> wanted(2, 0.0);
    for (std::size_t pair = 0; pair < dense.size(); ++pair) {
        if (counts[pair] > 0) wanted[pair / (24 * 24) % 2] += dense[pair] / (24 + 13);
    }
    const auto covered = clustered_covered_mass(attention_of(s, context, in.variables), on_device(context, s, orders));
    ASSERT_EQ(covered.size(), 2U);
    for (int64_t head = 0; head < 2; ++head) EXPECT_NEAR(covered[head], wanted[head], 1e-5);
    const Sizes whole = self_attention(2, 2, 24, 6, 2, 24);
    for (const double mass : clustered_covered_mass(attention_of(whole, context, in.variables),
                                                    on_device(context, whole, some_orders(whole)))) {
        EXPECT_NEAR(mass, 1, 1e-5);
    }
}

/// Tokens around a few centres: what a token should attend to is its own group.
TEST(ClusteredDotProduct, FindsGroupsThatRandomBalancedClustersMiss) {
    constexpr int64_t tokens = 512, head_dim = 16, groups = 16;
    const Sizes s = self_attention(1, 4, tokens, head_dim, 2, 32);
    Context context;
    std::vector<float> values = numbers(tokens * s.dim(), 1, 0.15F);
    const std::vector<float> centres = numbers(groups * s.dim(), 2, 4.0F);
    for (int64_t t = 0; t < tokens; ++t) {
        // Centres of one length, so that a token's nearest keys are those of its group.
        for (int64_t h = 0; h < s.heads; ++h) {
            const float* centre = centres.data() + (t * 7 % groups) * s.dim() + h * head_dim;
            float squared = 0;
            for (int64_t c = 0; c < head_dim; ++c) squared += centre[c] * centre[c];
            for (int64_t c = 0; c < head_dim; ++c) {
                values[t * s.dim() + h * head_dim + c] += centre[c] * 8 / std::sqrt(squared);
            }
        }
    }
    const Variable x(Tensor::from_host(context, {1, tokens, s.dim()}, std::span<const float>(values)));
    const SmyrfInputs attention = attention_of(s, context, {x, x, x});
    const auto mean = [](const std::vector<double>& masses) {
        return std::accumulate(masses.begin(), masses.end(), 0.0) / static_cast<double>(masses.size());
    };
    const double random = mean(clustered_covered_mass(attention, on_device(context, s, some_orders(s))));
    const double hashed = mean(clustered_covered_mass(attention, smyrf_orders(attention, some_directions(context, s))));
    EXPECT_LT(random, 0.2);
    EXPECT_GT(hashed, 3 * random);
    EXPECT_GT(hashed, 0.6);
}

TEST(ClusteredDotProduct, RefusesWhatDoesNotFit) {
    const Sizes s = self_attention(2, 2, 9, 4, 2, 3);
    Context context;
    const Inputs in(s, context);
    const auto refused = [&](auto&& change) {
        SmyrfInputs attention = attention_of(s, context, in.variables);
        SmyrfOrders orders = on_device(context, s, some_orders(s));
        change(attention, orders);
        return message_of<Error>([&] { clustered_dot_product(attention, orders); });
    };
    const auto contains = [](const std::string& text, const char* part) {
        return text.find(part) != std::string::npos;
    };
    EXPECT_TRUE(contains(refused([](auto& a, auto&) { a.heads.causal = true; }), "not causal"));
    EXPECT_TRUE(contains(refused([](auto& a, auto&) { a.rounds = 0; }), "round"));
    EXPECT_TRUE(contains(refused([](auto& a, auto&) { a.cluster = 0; }), "clusters"));
    EXPECT_TRUE(contains(refused([](auto& a, auto&) { a.rounds = 3; }), "orders of the queries"));
    EXPECT_TRUE(contains(refused([](auto&, auto& o) { o.keys = Tensor(); }), "orders of the keys"));
    EXPECT_TRUE(contains(refused([&](auto& a, auto&) {
                             a.query_lengths = integers(context, {1, 2, 3});
                         }),
                         "query_lengths"));
    EXPECT_TRUE(contains(message_of<Error>([&] {
                             smyrf_orders(attention_of(s, context, in.variables), Tensor::zeros(context, {2, 2, 4}));
                         }),
                         "directions"));
}

}  // namespace

}  // namespace heed::test::clustered_dot_product_test
