// ctest: card
#include "heed/attention/cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "heed/attention/types/multi_head_cache.h"
#include "heed/attention/types/token_buffer.h"
#include "heed/core/error.h"
#include "heed/core/ops/shapes/copy_rows.h"
#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"

// Decoding token by token with a cache gives what a run over all tokens gives: tried on every registered type, in every
// causal pattern that it declares, on both devices.

namespace heed::test::cache_test {
namespace {

// More tokens than a cache has memory for at first.
constexpr int64_t dim = 12, tokens = 37, source_tokens = 9;
constexpr double bound = 4e-6;

struct Use {
    std::string type, device;
    AttentionPattern pattern;
    double rotary_base = 0.0;
};

std::vector<Use> uses(const std::vector<AttentionPattern>& patterns) {
    std::vector<Use> result;
    for (const AttentionType& type : attention_types()) {
        for (const AttentionPattern pattern : patterns) {
            if (!type.capabilities.can(pattern)) continue;
            for (const char* device : computing_devices()) result.push_back({type.name, device, pattern});
            if (type.capabilities.rotary && !is_cross(pattern)) result.push_back({type.name, "cpu", pattern, 100.0});
        }
    }
    return result;
}

LayerSettings settings_of(const Use& use) {
    LayerSettings result;
    result.type = use.type;
    result.device = use.device;
    result.pattern = use.pattern;
    result.dim = dim;
    result.max_tokens = tokens;
    result.max_source_tokens = source_tokens;
    result.rotary_base = use.rotary_base;
    result.configure = cut_short_sequences;
    return result;
}

/// Decoding with a layer, and what each row was given, so that it can be run as a whole.
class Decoding {
public:
    Decoding(TestLayer& layer, int64_t batch, std::vector<int32_t> lengths = {})
        : layer_(layer), source_(batch, source_tokens, dim, 2), lengths_(std::move(lengths)) {
        const bool cross = is_cross(layer.layer().geometry().pattern);
        DecodingStart start;
        start.batch = batch;
        if (cross) {
            start.source = Tensor::from_host(layer.context(), {batch, source_tokens, dim}, source_.values);
            if (!lengths_.empty()) {
                start.source_lengths = Tensor::from_host(layer.context(), {batch}, std::span<const int32_t>(lengths_));
            }
        }
        cache_ = layer.layer().make_cache(layer.context(), start);
        inputs_.resize(static_cast<size_t>(batch));
        outputs_.resize(static_cast<size_t>(batch));
        source_of_.resize(static_cast<size_t>(batch));
        std::iota(source_of_.begin(), source_of_.end(), 0);
    }

    /// One more token of each row, from a formula; with `broken`, NaN in row 0.
    void step(bool broken = false) {
        std::vector<float> x = numbers(rows() * dim, ++seed_);
        if (broken) x[0] = not_a_number;
        for (int64_t row = 0; row < rows(); ++row) append(inputs_[row], x, row);
        const Tensor in = Tensor::from_host(layer_.context(), {rows(), 1, dim}, x);
        const Tensor out = layer_.layer().step(in, *cache_);
        ASSERT_EQ(out.shape(), (Shape{rows(), 1, dim}));
        const std::vector<float> y = out.to_vector();
        for (int64_t row = 0; row < rows(); ++row) append(outputs_[row], y, row);
    }

    /// Several more tokens of each row at once.
    void extend(int64_t count) {
        const std::vector<float> x = numbers(rows() * count * dim, ++seed_);
        const Tensor in = Tensor::from_host(layer_.context(), {rows(), count, dim}, x);
        const std::vector<float> y = layer_.layer().extend(in, *cache_).to_vector();
        for (int64_t row = 0; row < rows(); ++row) {
            for (int64_t t = 0; t < count; ++t) {
                append(inputs_[row], x, row * count + t);
                append(outputs_[row], y, row * count + t);
            }
        }
    }

    void reorder(const std::vector<int32_t>& rows) {
        cache_->reorder(rows);
        inputs_ = moved(inputs_, rows);
        outputs_ = moved(outputs_, rows);
        source_of_ = moved(source_of_, rows);
    }

    /// Greatest difference of the outputs of a row to a run over all its tokens.
    double difference(int64_t row) {
        const std::vector<float>& x = inputs_[row];
        Sequences whole(1, static_cast<int64_t>(x.size()) / dim, dim);
        whole.values = x;
        if (!is_cross(layer_.layer().geometry().pattern)) {
            return relative_difference(layer_.run(whole).output, outputs_[row]);
        }
        Sequences source = source_.part(source_of_[row], 1);
        if (!lengths_.empty()) source.lengths = {lengths_[source_of_[row]]};
        return relative_difference(layer_.run({whole, source}).output, outputs_[row]);
    }

    void expect_full_runs() {
        for (int64_t row = 0; row < rows(); ++row) EXPECT_LT(difference(row), bound) << "row " << row;
    }

    int64_t rows() const { return static_cast<int64_t>(inputs_.size()); }
    const std::vector<float>& outputs(int64_t row) const { return outputs_[row]; }

private:
    static void append(std::vector<float>& to, const std::vector<float>& from, int64_t row) {
        to.insert(to.end(), from.begin() + row * dim, from.begin() + (row + 1) * dim);
    }
    template <class T>
    static std::vector<T> moved(const std::vector<T>& values, const std::vector<int32_t>& rows) {
        std::vector<T> result;
        for (const int32_t row : rows) result.push_back(values[row]);
        return result;
    }

    TestLayer& layer_;
    Sequences source_;
    std::vector<int32_t> lengths_;
    std::unique_ptr<AttentionCache> cache_;
    std::vector<std::vector<float>> inputs_, outputs_;
    std::vector<int32_t> source_of_;
    uint32_t seed_ = 40;
};

class CachedDecoding : public testing::TestWithParam<Use> {
protected:
    bool cross() const { return is_cross(GetParam().pattern); }
    TestLayer test{settings_of(GetParam())};
};

TEST_P(CachedDecoding, IsTheFullRun) {
    Decoding decoding(test, 3);
    for (int64_t t = 0; t < tokens; ++t) decoding.step();
    decoding.expect_full_runs();
}

TEST_P(CachedDecoding, TakesManyTokensAtOnce) {
    Decoding decoding(test, 3);
    decoding.extend(18);  // more than there is memory for
    decoding.step();
    decoding.extend(2);
    decoding.reorder({2, 0});
    decoding.extend(14);
    decoding.step();
    decoding.expect_full_runs();
}

class CachedCrossDecoding : public CachedDecoding {};

TEST_P(CachedCrossDecoding, SeesRealTokensOfTheSourceOnly) {
    Decoding decoding(test, 3, {4, 0, 9});
    for (int64_t t = 0; t < 5; ++t) decoding.step();
    decoding.expect_full_runs();
    const std::vector<float> bias = test.output_bias();
    for (int64_t i = 0; i < 5 * dim; ++i) EXPECT_EQ(decoding.outputs(1)[i], bias[i % dim]) << i;
}

TEST_P(CachedDecoding, FollowsItsRowsWhereTheyAreReordered) {
    Decoding decoding(test, 3, cross() ? std::vector<int32_t>{5, 9, 2} : std::vector<int32_t>{});
    const std::vector<std::vector<int32_t>> orders = {{0, 0, 0, 1, 1, 1, 2, 2, 2},  // a beam of three
                                                      {2, 0, 0, 3, 4, 3, 8, 7, 6},
                                                      {8, 1, 2, 3, 3, 0},  // uneven, out of order
                                                      {5, 4, 1, 2},
                                                      {2, 2, 3},  // two sources are left
                                                      {0},
                                                      {0, 0}};
    decoding.step();
    decoding.step();
    for (const std::vector<int32_t>& rows : orders) {
        decoding.reorder(rows);
        decoding.step();
        decoding.step();
        ASSERT_EQ(decoding.rows(), static_cast<int64_t>(rows.size()));
        decoding.expect_full_runs();
    }
    decoding.reorder({});
    decoding.step();
    EXPECT_EQ(decoding.rows(), 0);
}

TEST_P(CachedDecoding, KeepsNotANumberInItsRow) {
    Decoding decoding(test, 2);
    decoding.step();
    decoding.step(true);
    decoding.step();
    for (int64_t i = 0; i < 3 * dim; ++i) {
        const bool sees = test.layer().capabilities().mixes && (cross() ? i / dim == 1 : i / dim >= 1);
        EXPECT_EQ(std::isnan(decoding.outputs(0)[i]), sees) << i;
    }
    EXPECT_LT(decoding.difference(1), bound);
}

TEST_P(CachedDecoding, IsRecordedNowhere) {
    Decoding decoding(test, 1);
    decoding.step();
    const Variable x = test.context().tape().leaf(Tensor::zeros(test.context(), {1}));
    EXPECT_TRUE(test.context().tape().records(x));
    EXPECT_NO_THROW(test.context().tape().backward(x));
    test.context().tape().clear();
}

TEST_P(CachedDecoding, RefusesAnotherNumberOfRowsAndRowsThatAreNotThere) {
    DecodingStart start;
    start.batch = 2;
    if (cross()) start.source = Tensor::zeros(test.context(), {2, source_tokens, dim});
    const auto cache = test.layer().make_cache(test.context(), start);
    EXPECT_THROW(test.layer().step(Tensor::zeros(test.context(), {3, 1, dim}), *cache), Error);
    EXPECT_THROW(test.layer().step(Tensor::zeros(test.context(), {2, 2, dim}), *cache), Error);
    test.layer().step(Tensor::zeros(test.context(), {2, 1, dim}), *cache);
    EXPECT_THROW(cache->reorder(std::vector<int32_t>{0, 2}), Error);
    EXPECT_THROW(cache->reorder(std::vector<int32_t>{-1}), Error);
}

TEST_P(CachedDecoding, RefusesASourceThatDoesNotFit) {
    DecodingStart start;
    start.batch = 2;
    if (!cross()) start.source = Tensor::zeros(test.context(), {2, 3, dim});
    EXPECT_THROW(test.layer().make_cache(test.context(), start), Error);
    start.source = Tensor::zeros(test.context(), {1, 3, dim});
    EXPECT_THROW(test.layer().make_cache(test.context(), start), Error);
}

const auto cache_use_name = [](const auto& info) {
    return info.param.type + (is_cross(info.param.pattern) ? "_cross_" : "_self_") + info.param.device +
           (info.param.rotary_base > 0.0 ? "_rotary" : "");
};
INSTANTIATE_TEST_SUITE_P(Types, CachedDecoding,
                         testing::ValuesIn(uses({AttentionPattern::causal_self, AttentionPattern::causal_cross})),
                         cache_use_name);
INSTANTIATE_TEST_SUITE_P(Types, CachedCrossDecoding, testing::ValuesIn(uses({AttentionPattern::causal_cross})),
                         cache_use_name);

TEST(Caches, AreRefusedForPatternsThatAreNotCausal) {
    Context context;
    for (const AttentionType& type : attention_types()) {
        for (const AttentionPattern pattern : {AttentionPattern::noncausal_self, AttentionPattern::noncausal_cross}) {
            if (!type.capabilities.can(pattern)) continue;
            TestLayer test(settings_of({type.name, "cpu", pattern}));
            DecodingStart start;
            start.batch = 1;
            const std::string message = message_of<UserError>([&] { test.layer().make_cache(test.context(), start); });
            EXPECT_TRUE(contains(message, attention_pattern_name(pattern))) << message;
            EXPECT_TRUE(contains(message, is_cross(pattern) ? "expected causal cross" : "expected causal self"));
        }
    }
}

/// A type that says nothing about caches.
class WithoutCache final : public Attention {
public:
    using Attention::Attention;
    Variable head_outputs(const AttentionInput& input, const ForwardState&) override { return input.query; }
    Variable project_heads(const Variable& outputs) override { return outputs; }
    Tensor weights(const AttentionInput&) override { return {}; }
    Tensor head_values(const AttentionInput&) override { return {}; }
    int64_t multiplies(int64_t, int64_t) const override { return 0; }
};

TEST(Caches, AreRefusedByTypesThatHaveNone) {
    Context context;
    WithoutCache layer({.dim = dim, .pattern = AttentionPattern::causal_self});
    DecodingStart start;
    start.batch = 1;
    const std::string message = message_of<UserError>([&] { layer.make_cache(context, start); });
    EXPECT_TRUE(contains(message, "causal self-attention; sdpa has one")) << message;
}

TEST(Caches, OfSuperHoldAsManyTokensAsTheModel) {
    LayerSettings settings = settings_of({"super", "cpu", AttentionPattern::causal_self});
    settings.max_tokens = 2;
    TestLayer test(settings);
    DecodingStart start;
    start.batch = 1;
    const auto cache = test.layer().make_cache(test.context(), start);
    const Tensor x = Tensor::zeros(test.context(), {1, 1, dim});
    test.layer().step(x, *cache);
    test.layer().step(x, *cache);
    const std::string message = message_of<UserError>([&] { test.layer().step(x, *cache); });
    EXPECT_TRUE(contains(message, "at most 2 tokens, got 3")) << message;
}

TEST(TokenBuffers, TakeNoMemoryWithinTheExpectedTokens) {
    Context context;
    TokenBuffer buffer(context, 2, 3, 20);
    const void* before = buffer.values().raw();
    const Tensor x = Tensor::zeros(context, {2, 1, 3});
    for (int64_t t = 0; t < 20; ++t) buffer.append(x);
    EXPECT_EQ(buffer.values().raw(), before);
    buffer.append(x);
    EXPECT_EQ(buffer.tokens(), 21);
    EXPECT_EQ(buffer.values().shape(), (Shape{2, 40, 3}));
}

/// The kept tokens of a buffer by place, of one row of width 1.
std::vector<float> kept_tokens(const TokenBuffer& buffer, int64_t row) {
    const std::vector<float> all = buffer.values().to_vector();
    const auto first = all.begin() + row * buffer.values().shape()[1];
    return {first, first + buffer.kept()};
}

TEST(TokenBuffers, KeepTheLastTokensWhereTheyAreToldHowMany) {
    Context context;
    const auto numbered = [&](int64_t first, int64_t count) {
        std::vector<float> values;
        for (int64_t row = 0; row < 2; ++row) {
            for (int64_t t = first; t < first + count; ++t) values.push_back(static_cast<float>(100 * row + t));
        }
        return Tensor::from_host(context, {2, count, 1}, std::span<const float>(values));
    };
    for (const int64_t expected : {0, 1000}) {
        TokenBuffer buffer(context, 2, 1, expected, 20);
        buffer.append(numbered(0, 17));
        EXPECT_EQ(buffer.kept(), 17);
        buffer.append(numbered(17, 1));
        buffer.append(numbered(18, 5));  // goes on at the front
        EXPECT_EQ(buffer.tokens(), 23);
        EXPECT_EQ(buffer.values().shape(), (Shape{2, 20, 1}));
        std::vector<float> wanted = {20, 21, 22};
        for (int t = 3; t < 20; ++t) wanted.push_back(static_cast<float>(t));
        EXPECT_EQ(kept_tokens(buffer, 0), wanted);
        const std::vector<int32_t> rows = {1, 1, 0};
        buffer.reorder(Tensor::from_host(context, {3}, std::span<const int32_t>(rows)));
        EXPECT_EQ(kept_tokens(buffer, 2), wanted);
        EXPECT_EQ(kept_tokens(buffer, 1)[0], 120.0f);
    }
    TokenBuffer buffer(context, 2, 1, 0, 3);
    buffer.append(numbered(0, 1));
    buffer.append(numbered(1, 8));  // more than it keeps, not from its first place on
    EXPECT_EQ(kept_tokens(buffer, 0), (std::vector<float>{6, 7, 8}));
    EXPECT_EQ(kept_tokens(buffer, 1), (std::vector<float>{106, 107, 108}));
}

TEST(Caches, OfLocalHoldAsManyTokensAsItsWindow) {
    TestLayer test(settings_of({"local", "cpu", AttentionPattern::causal_self}));
    DecodingStart start;
    start.batch = 3;
    start.expected_tokens = tokens;
    const auto cache = test.layer().make_cache(test.context(), start);
    const TokenBuffer& kept = dynamic_cast<MultiHeadSelfCache&>(*cache).tokens();
    for (int64_t t = 0; t < tokens; ++t) test.layer().step(Tensor::zeros(test.context(), {3, 1, dim}), *cache);
    EXPECT_EQ(kept.tokens(), tokens);
    EXPECT_EQ(kept.values().shape(), (Shape{3, 2, 2 * dim})) << "cut_short_sequences sets a window of 2 tokens";
}

}  // namespace
}  // namespace heed::test::cache_test
