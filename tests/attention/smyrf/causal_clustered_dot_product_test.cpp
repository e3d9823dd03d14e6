// ctest: card
// ctest: processors 2
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "heed/attention/smyrf/clustered_dot_product.h"
#include "heed/core/error.h"
#include "heed/tests/definitions/attention/smyrf.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/op_harness.h"
#include "heed/tests/support/op_inputs.h"

// The causal forms of SMYRF as an op. The greatest lengths are small enough for the definition, but have several levels
// of blocks.

namespace heed::test::causal_clustered_dot_product_test {

namespace {

using Variables = std::vector<Variable>;
using Arrays = std::vector<definitions::Values>;

struct Sizes {
    int64_t batch, heads, queries, keys, head_dim, rounds, cluster;
    int64_t block = 0;  ///< 0: cross-attention
    definitions::Integers query_lengths = {}, key_lengths = {};
    float dropout = 0;

    int64_t dim() const { return heads * head_dim; }
    bool self() const { return block > 0; }
};

Sizes self_attention(int64_t batch, int64_t heads, int64_t tokens, int64_t head_dim, int64_t rounds, int64_t cluster,
                     int64_t block, const definitions::Integers& lengths = {}, float dropout = 0) {
    return {batch, heads, tokens, tokens, head_dim, rounds, cluster, block, {}, lengths, dropout};
}

SmyrfInputs attention_of(const Sizes& s, Context& context, const Variables& in) {
    SmyrfInputs attention;
    attention.heads.query = {in[0], 0};
    attention.heads.key = {in[1], 0};
    attention.heads.value = {in[2], 0};
    attention.heads.heads = s.heads;
    attention.heads.head_dim = s.head_dim;
    attention.heads.causal = s.self();
    if (!s.key_lengths.empty()) attention.heads.mask.key_lengths = integers(context, s.key_lengths);
    if (!s.query_lengths.empty()) attention.query_lengths = integers(context, s.query_lengths);
    attention.heads.dropout = s.dropout;
    attention.heads.stream = random_stream();
    attention.rounds = s.rounds;
    attention.cluster = s.cluster;
    attention.form = s.self() ? SmyrfForm::causal_self : SmyrfForm::causal_cross;
    attention.block = s.self() ? s.block : 1;
    return attention;
}

definitions::Smyrf definition_of(const Sizes& s) {
    return {.attention = {.batch = s.batch,
                          .heads = s.heads,
                          .queries = s.queries,
                          .keys = s.keys,
                          .head_dim = s.head_dim,
                          .key_lengths = s.key_lengths,
                          .causal = s.self(),
                          .dropout = static_cast<double>(s.dropout),
                          .random = random_numbers()},
            .query_lengths = s.query_lengths,
            .rounds = s.rounds,
            .cluster = s.cluster,
            .block = s.self() ? s.block : 1};
}

std::vector<float> directions_of(const Sizes& s) {
    return numbers(s.rounds * s.heads * s.head_dim, 9, 2);
}
Tensor directions_of(const Sizes& s, Context& context) {
    return Tensor::from_host(context, {s.rounds, s.heads, s.head_dim}, directions_of(s));
}

/// Numbers that stand for queries and keys, of which the order is taken.
std::vector<float> some_queries(const Sizes& s) {
    return numbers(s.batch * s.queries * s.dim(), 31);
}
std::vector<float> some_keys(const Sizes& s) {
    return numbers(s.batch * s.keys * s.dim(), 32);
}

SmyrfOrders some_orders(const Sizes& s, Context& context) {
    const Variable query(Tensor::from_host(context, {s.batch, s.queries, s.dim()}, some_queries(s)));
    const Variable key(Tensor::from_host(context, {s.batch, s.keys, s.dim()}, some_keys(s)));
    return smyrf_orders(attention_of(s, context, {query, key, key}), directions_of(s, context));
}

definitions::Values wide(const std::vector<float>& values) {
    return {values.begin(), values.end()};
}

definitions::Integers some_counts(const Sizes& s) {
    const definitions::Values query = wide(some_queries(s)), key = wide(some_keys(s));
    return definitions::smyrf_causal_counts({query, s.dim()}, {key, s.dim()}, definition_of(s), wide(directions_of(s)));
}

OpCase smyrf_case(const std::string& label, const Sizes& s) {
    OpInput query{"query", {s.batch, s.queries, s.dim()}};
    OpInput key{"key", {s.batch, s.keys, s.dim()}}, value{"value", {s.batch, s.keys, s.dim()}};
    const auto padded = [dim = s.dim()](const definitions::Integers& lengths, int64_t tokens) {
        return [=](int64_t element) {
            const int64_t token = element / dim;
            return token % tokens >= lengths[static_cast<std::size_t>(token / tokens)];
        };
    };
    const definitions::Integers& query_lengths = s.self() ? s.key_lengths : s.query_lengths;
    if (!query_lengths.empty()) query.unread = padded(query_lengths, s.queries);
    if (!s.key_lengths.empty()) key.unread = value.unread = padded(s.key_lengths, s.keys);
    const definitions::Integers counts = some_counts(s);
    return {.op = "clustered_dot_product",
            .label = label,
            .inputs = {query, key, value},
            .run =
                [=](Context& context, const Variables& in) {
                    return Variables{clustered_dot_product(attention_of(s, context, in), some_orders(s, context))};
                },
            .definition =
                [=](const Arrays& in) {
                    return Arrays{definitions::smyrf_attention({in[0], s.dim()}, {in[1], s.dim()}, {in[2], s.dim()},
                                                               definition_of(s), counts)};
                },
            .value_bound = 5e-6,
            .gradient_bound = 3e-5,
            .may_be_nan = s.dropout == 0};
}

void expect_right(const OpCase& op_case) {
    const std::vector<std::string> failures = check_op(op_case);
    EXPECT_TRUE(failures.empty()) << joined(failures);
}

TEST(ClusteredCausalSelf, EqualsItsDefinition) {
    expect_right(smyrf_case("smallest", self_attention(1, 1, 1, 1, 1, 1, 1)));
    expect_right(smyrf_case("one block", self_attention(2, 2, 9, 5, 2, 3, 16)));
    expect_right(smyrf_case("one round", self_attention(1, 2, 23, 5, 1, 3, 4)));
    expect_right(smyrf_case("two rounds", self_attention(2, 3, 30, 4, 2, 3, 4)));
    expect_right(smyrf_case("three rounds, odd block", self_attention(1, 2, 41, 3, 3, 2, 3)));
    expect_right(smyrf_case("clusters of one", self_attention(1, 2, 21, 4, 2, 1, 1)));
    expect_right(smyrf_case("a block that is doubled", self_attention(1, 1, 40, 4, 2, 5, 3)));
    expect_right(smyrf_case("wide heads", self_attention(1, 1, 22, 67, 2, 3, 5)));
    expect_right(smyrf_case("chunks of several vectors", self_attention(1, 1, 150, 6, 2, 37, 40)));
}

TEST(ClusteredCausalSelf, EqualsItsDefinitionWithPadding) {
    expect_right(smyrf_case("lengths", self_attention(4, 2, 26, 4, 2, 3, 4, {26, 1, 0, 17})));
    expect_right(smyrf_case("all padded", self_attention(2, 1, 19, 4, 2, 3, 4, {0, 0})));
}

TEST(ClusteredCausalSelf, EqualsItsDefinitionInBlocksOfSeveralTiles) {
    expect_right(smyrf_case("one block", self_attention(1, 1, 290, 2, 2, 9, 290)));
    expect_right(smyrf_case("two blocks", self_attention(1, 1, 300, 2, 2, 90, 140)));
}

TEST(ClusteredCausalSelf, DropsThePairsOfDenseAttention) {
    expect_right(smyrf_case("two rounds", self_attention(2, 2, 40, 3, 2, 5, 6, {40, 31}, 0.2F)));
    expect_right(smyrf_case("one round", self_attention(1, 1, 90, 4, 1, 20, 21, {}, 0.4F)));
}

TEST(ClusteredCausalCross, EqualsItsDefinition) {
    expect_right(smyrf_case("smallest", {1, 1, 1, 1, 1, 1, 1}));
    expect_right(smyrf_case("one round", {2, 2, 9, 14, 5, 1, 3}));
    expect_right(smyrf_case("two rounds", {2, 3, 10, 21, 4, 2, 4}));
    expect_right(smyrf_case("more chunks than queries", {1, 2, 3, 40, 4, 3, 2}));
    expect_right(smyrf_case("one chunk", {2, 2, 8, 7, 4, 3, 7}));
    expect_right(smyrf_case("clusters of one", {1, 1, 12, 9, 4, 2, 1}));
    expect_right(smyrf_case("many queries", {1, 1, 280, 9, 2, 2, 4}));
    expect_right(smyrf_case("many keys", {1, 1, 4, 620, 2, 2, 300}));
}

TEST(ClusteredCausalCross, EqualsItsDefinitionWithPaddingAndDropout) {
    expect_right(smyrf_case("lengths", {4, 1, 9, 14, 4, 2, 3, 0, {9, 4, 0, 7}, {6, 14, 5, 0}}));
    expect_right(smyrf_case("key lengths", {3, 2, 9, 14, 4, 2, 5, 0, {}, {5, 14, 0}}));
    expect_right(smyrf_case("dropout", {2, 2, 33, 90, 3, 2, 9, 0, {}, {}, 0.5F}));
}

TEST(ClusteredCausal, NothingToDo) {
    expect_right(smyrf_case("no samples", self_attention(0, 2, 9, 4, 2, 3, 4)));
    expect_right(smyrf_case("no tokens", self_attention(2, 2, 0, 4, 2, 3, 4)));
    expect_right(smyrf_case("no queries", {2, 2, 0, 5, 4, 2, 3}));
    expect_right(smyrf_case("no keys", {2, 2, 9, 0, 4, 2, 3}));
}

/// Queries, keys and values on the host.
struct Inputs {
    explicit Inputs(const Sizes& s, uint32_t seed = 1, float magnitude = 1)
        : query(numbers(s.batch * s.queries * s.dim(), seed, magnitude)),
          key(numbers(s.batch * s.keys * s.dim(), seed + 1000, magnitude)),
          value(numbers(s.batch * s.keys * s.dim(), seed + 2000, magnitude)) {}

    std::vector<float> query, key, value;
};

struct Pass {
    std::vector<float> output, d_query, d_key, d_value;

    std::vector<float> all() const {
        std::vector<float> result = output;
        for (const auto* part : {&d_query, &d_key, &d_value}) result.insert(result.end(), part->begin(), part->end());
        return result;
    }
};

Variables on_device(const Sizes& s, Context& context, const Inputs& in) {
    const auto leaf = [&](const std::vector<float>& values, int64_t tokens) {
        return context.tape().leaf(Tensor::from_host(context, {s.batch, tokens, s.dim()}, values));
    };
    return {leaf(in.query, s.queries), leaf(in.key, s.keys), leaf(in.value, s.keys)};
}

std::vector<float> output_of(const Sizes& s, Context& context, const Inputs& in) {
    NoGradient guard(context);
    const SmyrfInputs attention = attention_of(s, context, on_device(s, context, in));
    return clustered_dot_product(attention, smyrf_orders(attention, directions_of(s, context))).value().to_vector();
}

Pass run(const Sizes& s, Context& context, const Inputs& in, bool dense = false) {
    Pass pass;
    {
        const Variables leaves = on_device(s, context, in);
        const SmyrfInputs attention = attention_of(s, context, leaves);
        const Variable output =
            dense ? scaled_dot_product(attention.heads)
                  : clustered_dot_product(attention, smyrf_orders(attention, directions_of(s, context)));
        pass.output = output.value().to_vector();
        const std::vector<float> seed = numbers(output.value().elements(), 77);
        context.tape().backward(output, Tensor::from_host(context, output.shape(), seed));
        pass.d_query = leaves[0].slot()->gradient().to_vector();
        pass.d_key = leaves[1].slot()->gradient().to_vector();
        pass.d_value = leaves[2].slot()->gradient().to_vector();
    }
    context.tape().clear();
    return pass;
}

/// Sets token `t` of sample 0 to other numbers.
void change(std::vector<float>& values, int64_t dim, int64_t t, uint32_t seed) {
    const std::vector<float> other = numbers(dim, seed, 2);
    std::copy(other.begin(), other.end(), values.begin() + t * dim);
}

bool same(const std::vector<float>& a, const std::vector<float>& b, int64_t begin, int64_t end) {
    return std::equal(a.begin() + begin, a.begin() + end, b.begin() + begin);
}

TEST(ClusteredCausalSelf, NoTokenMovesAnEarlierOutputAndEveryTokenMovesLaterOnes) {
    const Sizes s = self_attention(1, 2, 90, 4, 2, 3, 8);
    for_each_context([&](Context& context) {
        for (uint32_t seed = 1; seed <= 40; ++seed) {
            const Inputs in(s, seed);
            const std::vector<float> before = output_of(s, context, in);
            // Later tokens of the block of the outputs before them, and the first token of a block.
            const int64_t changed = seed % 5 == 0 ? seed * 2 / 8 * 8 : 1 + seed * 37 % 89;
            Inputs other = in, broken = in;
            for (auto* values : {&other.query, &other.key, &other.value}) change(*values, s.dim(), changed, seed + 50);
            for (auto* values : {&broken.query, &broken.key, &broken.value}) {
                std::fill_n(values->begin() + changed * s.dim(), s.dim(), seed % 2 == 0 ? not_a_number : infinity);
            }
            const std::vector<float> after = output_of(s, context, other), bad = output_of(s, context, broken);
            EXPECT_TRUE(same(before, after, 0, changed * s.dim())) << "seed " << seed << " token " << changed;
            EXPECT_TRUE(same(before, bad, 0, changed * s.dim())) << "seed " << seed << " token " << changed;
            const int64_t block_end = std::min<int64_t>(90, (changed / 8 + 1) * 8);
            for (int64_t t = changed; t < block_end; ++t) {
                EXPECT_FALSE(same(before, after, t * s.dim(), (t + 1) * s.dim())) << "token " << t;
                EXPECT_TRUE(std::isnan(bad[t * s.dim()])) << "token " << t;
            }
            if (block_end < 80) {
                EXPECT_FALSE(same(before, after, block_end * s.dim(), 90 * s.dim())) << seed;
                if (seed % 2 == 0) {
                    EXPECT_TRUE(std::any_of(bad.begin() + block_end * s.dim(), bad.end(),
                                            [](float x) { return std::isnan(x); }));
                }
            }
        }
    });
}

TEST(ClusteredCausalSelf, APrefixGivesThePrefixOfTheOutputs) {
    const Sizes s = self_attention(1, 2, 150, 8, 2, 5, 8);
    for_each_context([&](Context& context) {
        const Inputs in(s);
        const std::vector<float> whole = output_of(s, context, in);
        for (const int64_t length : {1, 7, 8, 9, 16, 17, 31, 64, 65, 100, 128, 149}) {
            Sizes shorter = s;
            shorter.queries = shorter.keys = length;
            Inputs prefix = in;
            for (auto* values : {&prefix.query, &prefix.key, &prefix.value}) values->resize(length * s.dim());
            EXPECT_TRUE(same(output_of(shorter, context, prefix), whole, 0, length * s.dim())) << length;
        }
    });
}

TEST(ClusteredCausalCross, AQueryHasNoInfluenceOnTheOthers) {
    const Sizes s = {1, 2, 40, 70, 4, 2, 6};
    for_each_context([&](Context& context) {
        const Inputs in(s);
        const std::vector<float> before = output_of(s, context, in);
        for (int64_t changed = 0; changed < 40; changed += 3) {
            Inputs other = in, broken = in;
            change(other.query, s.dim(), changed, 50);
            std::fill_n(broken.query.begin() + changed * s.dim(), s.dim(), not_a_number);
            const std::vector<float> after = output_of(s, context, other), bad = output_of(s, context, broken);
            for (int64_t t = 0; t < 40; ++t) {
                EXPECT_EQ(same(before, after, t * s.dim(), (t + 1) * s.dim()), t != changed);
                EXPECT_EQ(same(before, bad, t * s.dim(), (t + 1) * s.dim()), t != changed);
            }
            EXPECT_TRUE(std::isnan(bad[changed * s.dim()]));
        }
        for (const int64_t length : {1, 17, 39}) {
            Sizes shorter = s;
            shorter.queries = length;
            Inputs prefix = in;
            prefix.query.resize(length * s.dim());
            EXPECT_TRUE(same(output_of(shorter, context, prefix), before, 0, length * s.dim())) << length;
        }
    });
}

TEST(ClusteredCausalCross, ABrokenKeyShowsInEveryOutput) {
    const Sizes s = {1, 2, 20, 70, 4, 2, 6};
    for_each_context([&](Context& context) {
        Inputs in(s);
        std::fill_n(in.key.begin() + 33 * s.dim(), s.dim(), not_a_number);
        for (const float x : output_of(s, context, in)) EXPECT_TRUE(std::isnan(x));
    });
}

TEST(ClusteredCausal, AVectorThatAllKeysHaveInCommonMovesNoQuery) {
    for (const Sizes& s : {self_attention(1, 2, 90, 8, 2, 5, 8), Sizes{1, 2, 40, 70, 8, 2, 6}}) {
        const std::vector<float> common = numbers(s.dim(), 8, 3);
        for_each_context([&](Context& context) {
            const Inputs in(s);
            Inputs shifted = in;
            for (std::size_t i = 0; i < in.key.size(); ++i) shifted.key[i] += common[i % common.size()];
            const std::vector<float> a = output_of(s, context, in), b = output_of(s, context, shifted);
            for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-5) << i;
        });
    }
}

TEST(ClusteredCausal, OneChunkIsDenseAttentionForAnyRounds) {
    for (const int64_t rounds : {1, 2, 3}) {
        for (const float dropout : {0.0F, 0.3F}) {
            for (const Sizes& s : {self_attention(2, 2, 60, 8, rounds, 50, 1, {60, 43}, dropout),
                                   self_attention(1, 2, 290, 16, rounds, 8, 300, {}, dropout),
                                   Sizes{2, 2, 30, 41, 8, rounds, 41, 0, {}, {}, dropout}}) {
                for_each_context([&](Context& context) {
                    const Inputs in(s);
                    std::vector<float> a = run(s, context, in).all(), b = run(s, context, in, true).all();
                    ASSERT_EQ(a.size(), b.size());
                    // Dense attention has outputs at padded places too.
                    if (!s.key_lengths.empty()) {
                        a.resize(60 * s.dim());
                        b.resize(60 * s.dim());
                    }
                    for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 3e-6) << i;
                });
            }
        }
    }
}

TEST(ClusteredCausal, HasTheSameBitsForAnyNumberOfThreads) {
    for (const Sizes& s :
         {self_attention(2, 3, 250, 16, 2, 16, 16, {250, 77}), self_attention(1, 1, 900, 24, 3, 30, 64),
          self_attention(2, 2, 200, 8, 2, 16, 20, {}, 0.2F), Sizes{2, 3, 90, 300, 16, 2, 16}}) {
        for_each_context(
            [&](Context& context) { expect_same_with_two_threads([&] { return run(s, context, Inputs(s)).all(); }); });
    }
}

TEST(ClusteredCausal, ASampleDoesNotDependOnItsPaddingNorOnItsBatch) {
    constexpr int64_t dim = 8, length = 61, padded = 90;
    for (const int64_t block : {int64_t{16}, int64_t{0}}) {
        for_each_context([&](Context& context) {
            const Sizes one{1, 2, length, length, 4, 2, 8, block};
            Sizes three{3, 2, padded, padded, 4, 2, 8, block, {}, {length, padded, 50}};
            if (block == 0) three.query_lengths = three.key_lengths;
            const Inputs in(one), others(three, 5);
            Inputs batch = others;
            const auto fill = [&](const std::vector<float>& from, std::vector<float>& to) {
                std::copy(from.begin(), from.end(), to.begin());
                std::fill(to.begin() + length * dim, to.begin() + padded * dim, not_a_number);
            };
            fill(in.query, batch.query);
            fill(in.key, batch.key);
            fill(in.value, batch.value);
            const Pass alone = run(one, context, in), among = run(three, context, batch);
            EXPECT_TRUE(std::equal(alone.output.begin(), alone.output.end(), among.output.begin()));
            for (int64_t i = length * dim; i < padded * dim; ++i) {
                ASSERT_EQ(among.output[i], 0.0F);
                ASSERT_EQ(among.d_query[i], 0.0F);
                ASSERT_EQ(among.d_key[i], 0.0F);
                ASSERT_EQ(among.d_value[i], 0.0F);
            }
            for (std::size_t i = padded * dim; i < among.output.size(); ++i) {
                ASSERT_TRUE(std::isfinite(among.output[i]));
                ASSERT_TRUE(std::isfinite(among.d_key[i]));
            }
        });
    }
}

TEST(ClusteredCausal, WeightsAreThoseOfTheDefinition) {
    for (const Sizes& s :
         {self_attention(3, 2, 25, 6, 3, 3, 4, {25, 4, 0}), Sizes{2, 2, 9, 30, 6, 2, 7, 0, {9, 5}, {30, 11}}}) {
        for_each_context([&](Context& context) {
            const Inputs in(s);
            const definitions::Values q = wide(in.query), k = wide(in.key);
            NoGradient guard(context);
            const SmyrfInputs attention = attention_of(s, context, on_device(s, context, in));
            expect_close(clustered_dot_product_weights(attention, some_orders(s, context)).to_vector(),
                         definitions::smyrf_weights({q, s.dim()}, {k, s.dim()}, definition_of(s), some_counts(s)), 1e-5,
                         1e-7, "weights");
        });
    }
}

/// Rows first .. first + count - 1 of the first sample.
Variable tokens_of(const Sizes& s, Context& context, const std::vector<float>& values, int64_t first, int64_t count) {
    const auto begin = values.begin() + first * s.dim();
    return Variable(Tensor::from_host(context, {1, count, s.dim()}, std::vector(begin, begin + count * s.dim())));
}

TEST(ClusteredCausalSelf, QueriesThatComeOneByOneMeetTheSameKeysAsAllTogether) {
    const Sizes s = self_attention(1, 2, 150, 8, 2, 5, 8);
    for_each_context([&](Context& context) {
        NoGradient guard(context);
        const Inputs in(s);
        const Variables all = on_device(s, context, in);
        const SmyrfInputs whole = attention_of(s, context, all);
        const std::vector<float> weights =
            clustered_dot_product_weights(whole, smyrf_orders(whole, directions_of(s, context))).to_vector();
        const std::vector<float> output = output_of(s, context, in);
        SmyrfGrowingOrders places;
        // One at a time, and now and then several.
        for (int64_t t = 0, count = 1; t < s.queries; t += count) {
            count = std::min<int64_t>(t % 3 == 2 ? 7 : 1, s.queries - t);
            SmyrfInputs some = whole;
            some.heads.query = {tokens_of(s, context, in.query, t, count), 0};
            some.heads.mask.key_lengths = integers(context, {t + count});
            some.first_query = t;
            smyrf_extend_orders(some, directions_of(s, context), places);
            const std::vector<float> some_weights = clustered_dot_product_weights(some, places.orders).to_vector();
            const std::vector<float> some_output = clustered_dot_product(some, places.orders).value().to_vector();
            ASSERT_TRUE(std::equal(some_output.begin(), some_output.end(), output.begin() + t * s.dim())) << t;
            for (int64_t row = 0; row < s.heads * count; ++row) {
                const auto wanted = weights.begin() + (row / count * s.queries + t + row % count) * s.keys;
                ASSERT_TRUE(std::equal(wanted, wanted + s.keys, some_weights.begin() + row * s.keys)) << t;
            }
        }
    });
}

TEST(ClusteredCausalCross, QueriesThatComeOneByOneMeetTheSameKeysAsAllTogether) {
    const Sizes s = {1, 2, 30, 70, 8, 2, 5, 0, {}, {61}};
    for_each_context([&](Context& context) {
        NoGradient guard(context);
        const Inputs in(s);
        const SmyrfInputs whole = attention_of(s, context, on_device(s, context, in));
        const std::vector<float> output = output_of(s, context, in);
        SmyrfGrowingOrders places;
        for (int64_t t = 0; t < s.queries; ++t) {
            SmyrfInputs one = whole;
            one.heads.query = {tokens_of(s, context, in.query, t, 1), 0};
            smyrf_extend_orders(one, directions_of(s, context), places);
            const std::vector<float> got = clustered_dot_product(one, places.orders).value().to_vector();
            ASSERT_TRUE(std::equal(got.begin(), got.end(), output.begin() + t * s.dim())) << t;
        }
    });
}

/// Tokens around a few centres of one length: what a token should attend to is its own group.
std::vector<float> groups(int64_t tokens, const Sizes& s, uint32_t seed) {
    constexpr int64_t count = 16;
    std::vector<float> values = numbers(tokens * s.dim(), seed, 0.15F);
    const std::vector<float> centres = numbers(count * s.dim(), 2, 4.0F);
    for (int64_t t = 0; t < tokens; ++t) {
        for (int64_t h = 0; h < s.heads; ++h) {
            const float* centre = centres.data() + (t * 7 % count) * s.dim() + h * s.head_dim;
            float squared = 0;
            for (int64_t c = 0; c < s.head_dim; ++c) squared += centre[c] * centre[c];
            for (int64_t c = 0; c < s.head_dim; ++c) {
                values[t * s.dim() + h * s.head_dim + c] += centre[c] * 8 / std::sqrt(squared);
            }
        }
    }
    return values;
}

TEST(ClusteredCausal, FindsGroupsThatRandomWindowsMiss) {
    for (const Sizes& s : {self_attention(1, 4, 1024, 16, 2, 32, 33), Sizes{1, 4, 200, 512, 16, 2, 32}}) {
        Context context;
        NoGradient guard(context);
        Inputs in(s);
        in.query = groups(s.queries, s, 1);
        in.key = groups(s.keys, s, 3);
        const SmyrfInputs attention = attention_of(s, context, on_device(s, context, in));
        const auto mean = [](const std::vector<double>& masses) {
            return std::accumulate(masses.begin(), masses.end(), 0.0) / static_cast<double>(masses.size());
        };
        // Windows of keys that have nothing to do with these.
        const double random = mean(clustered_covered_mass(attention, some_orders(s, context)));
        const double hashed =
            mean(clustered_covered_mass(attention, smyrf_orders(attention, directions_of(s, context))));
        EXPECT_LT(random, s.self() ? 0.45 : 0.2);
        EXPECT_GT(hashed, s.self() ? 0.8 : 0.7);
        RecordProperty(s.self() ? "self" : "cross", std::to_string(random) + " " + std::to_string(hashed));
    }
}

TEST(ClusteredCausal, RefusesWhatDoesNotFit) {
    const Sizes s = self_attention(2, 2, 19, 4, 2, 3, 4);
    Context context;
    const Variables in = on_device(s, context, Inputs(s));
    const auto refused = [&](auto&& change_it) {
        SmyrfInputs attention = attention_of(s, context, in);
        SmyrfOrders orders = some_orders(s, context);
        change_it(attention, orders);
        return message_of<Error>([&] { clustered_dot_product(attention, orders); });
    };
    const auto contains = [](const std::string& text, const char* part) {
        return text.find(part) != std::string::npos;
    };
    EXPECT_TRUE(contains(refused([](auto& a, auto&) { a.heads.causal = false; }), "causal"));
    EXPECT_TRUE(contains(refused([](auto& a, auto&) { a.block = 0; }), "blocks"));
    EXPECT_TRUE(contains(refused([](auto& a, auto&) { a.block = 8; }), "orders of the keys"));
    EXPECT_TRUE(contains(refused([](auto&, auto& o) { o.ends = Tensor(); }), "ends"));
    EXPECT_TRUE(contains(refused([](auto& a, auto&) { a.first_query = 1; }), "among the 19 keys"));
    EXPECT_TRUE(contains(message_of<Error>([&] {
                             smyrf_orders(attention_of(s, context, in), Tensor::zeros(context, {2, 2, 6}));
                         }),
                         "directions"));
}

}  // namespace

}  // namespace heed::test::causal_clustered_dot_product_test
