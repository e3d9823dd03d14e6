// ctest: card
#include "heed/attention/long_short/windowed_dot_product.h"

#include <gtest/gtest.h>

#include <numeric>

#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/core/error.h"
#include "heed/tests/definitions/attention/long_short.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/op_harness.h"
#include "heed/tests/support/op_inputs.h"

namespace heed::test::windowed_dot_product_test {
namespace {

using Variables = std::vector<Variable>;
using Arrays = std::vector<definitions::Values>;

struct Sizes {
    int64_t batch, tokens, heads, head_dim, window, chunk, summaries;
    definitions::Integers lengths = {};

    int64_t dim() const { return heads * head_dim; }
    WindowLayout layout() const { return {tokens, window, chunk, summaries}; }
};

WindowedDotProduct attention_of(const Sizes& s, Context& context, const Variables& in) {
    return {.query = in[0],
            .key = in[1],
            .value = in[2],
            .memory_key = in.size() > 3 ? in[3] : Variable(),
            .memory_value = in.size() > 3 ? in[4] : Variable(),
            .heads = s.heads,
            .layout = s.layout(),
            .lengths = s.lengths.empty() ? Tensor() : integers(context, s.lengths),
            .stream = {}};
}

OpCase windowed_case(const std::string& label, const Sizes& s) {
    const Shape shape = {s.batch, s.tokens, s.dim()}, memory = {s.batch, s.layout().memory(), s.dim()};
    std::vector<OpInput> inputs = {{"query", shape}, {"key", shape}, {"value", shape}};
    if (!s.lengths.empty()) {
        inputs[1].unread = inputs[2].unread = [=](int64_t element) {
            const int64_t token = element / s.dim();
            return token % s.tokens >= s.lengths[static_cast<std::size_t>(token / s.tokens)];
        };
    }
    if (s.layout().memory() > 0) {
        inputs.push_back({"memory_key", memory});
        inputs.push_back({"memory_value", memory});
    }
    return {.op = "windowed_dot_product",
            .label = label,
            .inputs = inputs,
            .run = [=](Context& context,
                       const Variables& in) { return Variables{windowed_dot_product(attention_of(s, context, in))}; },
            .definition =
                [=](const Arrays& in) {
                    const definitions::Values none;
                    return Arrays{definitions::windowed_attention(in[0], in[1], in[2], in.size() > 3 ? in[3] : none,
                                                                  in.size() > 3 ? in[4] : none,
                                                                  {s.tokens, s.window, s.chunk, s.summaries},
                                                                  {.batch = s.batch,
                                                                   .heads = s.heads,
                                                                   .queries = s.tokens,
                                                                   .head_dim = s.head_dim,
                                                                   .key_lengths = s.lengths,
                                                                   .random = {}})};
                },
            .value_bound = 5e-6,
            .gradient_bound = 3e-5};
}

void expect_right(const OpCase& op_case) {
    const std::vector<std::string> failures = check_op(op_case);
    EXPECT_TRUE(failures.empty()) << joined(failures);
}

TEST(WindowedDotProduct, EqualsItsDefinition) {
    expect_right(windowed_case("smallest", {1, 1, 1, 1, 1, 0, 1}));
    expect_right(windowed_case("windows and memory", {2, 11, 2, 3, 4, 0, 3}));
    expect_right(windowed_case("odd windows alone", {1, 10, 1, 5, 3, 0, 0}));
    expect_right(windowed_case("lengths", {4, 9, 2, 2, 2, 0, 3, {9, 1, 0, 5}}));
}

TEST(WindowedDotProduct, EqualsItsDefinitionUnderACausalMask) {
    expect_right(windowed_case("smallest", {1, 1, 1, 1, 1, 1, 1}));
    expect_right(windowed_case("chunks and windows", {2, 11, 2, 3, 2, 2, 1}));
    expect_right(windowed_case("windows that begin within chunks", {1, 17, 1, 4, 3, 2, 2}));
    expect_right(windowed_case("chunks longer than windows", {1, 14, 1, 4, 2, 5, 1}));
    expect_right(windowed_case("lengths", {4, 9, 2, 2, 2, 2, 1, {9, 1, 0, 5}}));
}

TEST(WindowedDotProduct, NothingToDo) {
    expect_right(windowed_case("no samples", {0, 6, 2, 4, 2, 2, 1}));
    expect_right(windowed_case("no tokens", {2, 0, 2, 4, 2, 0, 3}));
}

TEST(WindowedDotProduct, MeetsEveryTokenOnceUnderACausalMask) {
    for (const int64_t window : {1, 2, 3, 8}) {
        for (const int64_t chunk : {1, 2, 3, 5, 16}) {
            const WindowLayout layout{23, window, chunk, 2};
            for (int64_t number = 0; number < layout.blocks(); ++number) {
                const WindowLayout::Block block = layout.block(number);
                ASSERT_EQ(block.memory, block.first_key / chunk * 2);
                ASSERT_EQ(block.first_key % chunk, 0);
                ASSERT_EQ(block.end_key, block.first_query + block.queries);
                // No fewer than the tokens of the block before.
                ASSERT_LE(block.first_key, std::max<int64_t>(block.first_query - window, 0));
            }
        }
    }
}

TEST(WindowedDotProduct, IsDenseWithinOneWindowAndWithoutMemory) {
    for_each_context([](Context& context) {
        for (const bool causal : {false, true}) {
            const Sizes s{2, 9, 2, 4, 9, causal ? 16 : 0, causal ? 1 : 0};
            Variables in;
            for (const uint32_t seed : {1, 2, 3}) {
                in.emplace_back(Tensor::from_host(context, {s.batch, s.tokens, s.dim()},
                                                  numbers(s.batch * s.tokens * s.dim(), seed)));
            }
            ScaledDotProduct dense;
            dense.query = {in[0], 0};
            dense.key = {in[1], 0};
            dense.value = {in[2], 0};
            dense.heads = s.heads;
            dense.head_dim = s.head_dim;
            dense.causal = causal;
            EXPECT_EQ(windowed_dot_product(attention_of(s, context, in)).value().to_vector(),
                      scaled_dot_product(dense).value().to_vector());
        }
    });
}

TEST(WindowedDotProduct, DropsOtherWeightsInEachBlock) {
    Context context;
    const Sizes s{1, 64, 1, 1, 32, 0, 0};
    const Tensor zeros = Tensor::zeros(context, {1, 64, 1});
    const std::vector<float> ones(64, 1.0F);
    WindowedDotProduct attention = attention_of(
        s, context, {Variable(zeros), Variable(zeros), Variable(Tensor::from_host(context, {1, 64, 1}, ones))});
    attention.dropout = 0.5F;
    attention.stream = random_stream();
    // The outputs are twice the shares of keys that are left, 48 for each query.
    const std::vector<float> y = windowed_dot_product(attention).value().to_vector();
    const double mean = std::accumulate(y.begin(), y.end(), 0.0) / 64;
    EXPECT_NEAR(mean, 1, 0.1);
    EXPECT_NE(std::vector<float>(y.begin(), y.begin() + 32), std::vector<float>(y.begin() + 32, y.end()));
    EXPECT_EQ(windowed_dot_product(attention).value().to_vector(), y);
}

TEST(WindowedDotProduct, RefusesWhatDoesNotFit) {
    Context context;
    const Sizes s{2, 6, 2, 4, 2, 0, 3};
    const auto zeros = [&](int64_t rows) { return Variable(Tensor::zeros(context, {2, rows, 8})); };
    const Variables right = {zeros(6), zeros(6), zeros(6), zeros(3), zeros(3)};
    EXPECT_NO_THROW(windowed_dot_product(attention_of(s, context, right)));
    for (std::size_t wrong = 0; wrong < right.size(); ++wrong) {
        Variables in = right;
        in[wrong] = zeros(5);
        EXPECT_THROW(windowed_dot_product(attention_of(s, context, in)), Error) << wrong;
    }
    Sizes others = s;
    others.heads = 3;
    EXPECT_THROW(windowed_dot_product(attention_of(others, context, right)), Error);
    others = s;
    others.lengths = {1};
    EXPECT_THROW(windowed_dot_product(attention_of(others, context, right)), Error);
}

}  // namespace
}  // namespace heed::test::windowed_dot_product_test
