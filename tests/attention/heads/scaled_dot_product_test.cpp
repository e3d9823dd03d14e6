// ctest: card
#include "heed/attention/heads/scaled_dot_product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "heed/core/error.h"
#include "heed/tests/attention/heads/composed_dot_product.h"
#include "heed/tests/definitions/attention/attention.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/op_harness.h"
#include "heed/tests/support/op_inputs.h"
#include "heed/tests/support/op_list.h"

namespace heed::test::scaled_dot_product_test {

namespace {

using Variables = std::vector<Variable>;
using Arrays = std::vector<definitions::Values>;

/// One use of attention. Query, key and value are inputs of their own, or columns of packed ones.
struct Sizes {
    int64_t batch, heads, queries, keys, head_dim;
    definitions::Integers key_lengths = {};
    bool causal = false;
    float dropout = 0;
    enum class Layout {
        apart,         ///< three inputs
        packed,        ///< one input [batch, tokens, 3 * dim + 5], queries, keys and values from column 2 on
        key_value,     ///< one input for queries, one for keys and values side by side
        value_is_key,  ///< keys and values are the same columns
        all_the_same,  ///< one input as query, key and value
    } layout = Layout::apart;

    int64_t dim() const { return heads * head_dim; }
};

using Layout = Sizes::Layout;

constexpr int64_t first_packed_column = 2;

struct Place {
    std::size_t input;
    int64_t first_column;
};

/// Where query, key and value lie.
std::vector<Place> places(const Sizes& sizes) {
    const int64_t dim = sizes.dim();
    switch (sizes.layout) {
        case Layout::packed:
            return {{0, first_packed_column}, {0, first_packed_column + dim}, {0, first_packed_column + 2 * dim}};
        case Layout::key_value:
            return {{0, 0}, {1, 0}, {1, dim}};
        case Layout::value_is_key:
            return {{0, 0}, {1, 0}, {1, 0}};
        case Layout::all_the_same:
            return {{0, 0}, {0, 0}, {0, 0}};
        default:
            return {{0, 0}, {1, 0}, {2, 0}};
    }
}

std::vector<OpInput> inputs_of(const Sizes& sizes) {
    const int64_t dim = sizes.dim();
    OpInput query{"query", {sizes.batch, sizes.queries, dim}};
    OpInput key{"key", {sizes.batch, sizes.keys, dim}};
    OpInput value{"value", {sizes.batch, sizes.keys, dim}};
    OpInput key_value{"key_value", {sizes.batch, sizes.keys, sizes.layout == Layout::key_value ? 2 * dim : dim}};
    for (OpInput* input : {&key, &value, &key_value}) {
        if (sizes.key_lengths.empty()) continue;
        input->unread = [=, width = input->shape[2]](int64_t element) {
            const int64_t token = element / width;
            return token % sizes.keys >= sizes.key_lengths[static_cast<std::size_t>(token / sizes.keys)];
        };
    }
    switch (sizes.layout) {
        case Layout::packed:
            return {{"packed", {sizes.batch, sizes.queries, 3 * dim + 5}}};
        case Layout::key_value:
        case Layout::value_is_key:
            return {query, key_value};
        case Layout::all_the_same:
            return {query};
        default:
            return {query, key, value};
    }
}

ScaledDotProduct attention_of(const Sizes& sizes, Context& context, const Variables& in) {
    const std::vector<Place> place = places(sizes);
    ScaledDotProduct attention;
    attention.query = {in[place[0].input], place[0].first_column};
    attention.key = {in[place[1].input], place[1].first_column};
    attention.value = {in[place[2].input], place[2].first_column};
    attention.heads = sizes.heads;
    attention.head_dim = sizes.head_dim;
    if (!sizes.key_lengths.empty()) attention.mask.key_lengths = integers(context, sizes.key_lengths);
    attention.causal = sizes.causal;
    attention.dropout = sizes.dropout;
    attention.stream = random_stream();
    return attention;
}

definitions::Attention definition_of(const Sizes& sizes) {
    return {.batch = sizes.batch,
            .heads = sizes.heads,
            .queries = sizes.queries,
            .keys = sizes.keys,
            .head_dim = sizes.head_dim,
            .key_lengths = sizes.key_lengths,
            .causal = sizes.causal,
            .dropout = static_cast<double>(sizes.dropout),
            .random = random_numbers()};
}

OpCase attention_case(const std::string& label, const Sizes& sizes) {
    const std::vector<OpInput> inputs = inputs_of(sizes);
    const auto heads = [=, place = places(sizes)](const Arrays& in, std::size_t role) {
        const std::size_t input = place[role].input;
        return definitions::Heads{in[input], inputs[input].shape[2], place[role].first_column};
    };
    return {.op = "scaled_dot_product",
            .label = label,
            .inputs = inputs,
            .run = [=](Context& context,
                       const Variables& in) { return Variables{scaled_dot_product(attention_of(sizes, context, in))}; },
            .definition =
                [=](const Arrays& in) {
                    return Arrays{definitions::scaled_dot_product(heads(in, 0), heads(in, 1), heads(in, 2),
                                                                  definition_of(sizes))};
                },
            .value_bound = 5e-6,
            .gradient_bound = 2e-5,
            // A weight that is 0 because of dropout does not keep NaN in a value out.
            .may_be_nan = sizes.dropout == 0};
}

std::vector<OpCase> attention_cases() {
    return {
        attention_case("smallest", {1, 1, 1, 1, 1}),
        attention_case("self", {2, 3, 7, 7, 5}),
        attention_case("more queries than a tile", {1, 1, 70, 9, 3}),
        attention_case("more keys than a tile", {1, 2, 3, 140, 4}),
        attention_case("wide heads", {1, 2, 5, 6, 67}),
        attention_case("cross", {2, 2, 3, 9, 4}),
        attention_case("key lengths", {4, 2, 5, 9, 4, {9, 1, 0, 6}}),
        attention_case("causal", {2, 2, 9, 9, 4, {}, true}),
        attention_case("causal, more keys than queries", {1, 2, 4, 9, 3, {}, true}),
        attention_case("causal, queries without a key", {1, 2, 9, 4, 3, {}, true}),
        attention_case("causal and key lengths", {3, 1, 7, 7, 4, {7, 2, 0}, true}),
        attention_case("dropout", {2, 3, 7, 7, 5, {}, false, 0.3F}),
        attention_case("dropout, causal, key lengths", {2, 2, 9, 9, 4, {9, 3}, true, 0.2F}),
        attention_case("packed", {2, 3, 5, 5, 4, {}, false, 0, Layout::packed}),
        attention_case("keys and values packed", {2, 2, 5, 7, 4, {3, 7}, false, 0, Layout::key_value}),
        attention_case("values are keys", {2, 2, 5, 7, 4, {}, false, 0, Layout::value_is_key}),
        attention_case("one variable in all roles", {2, 2, 5, 5, 4, {}, false, 0, Layout::all_the_same}),
        attention_case("no samples", {0, 2, 5, 5, 4}),
        attention_case("no queries", {2, 2, 0, 5, 4}),
        attention_case("no keys", {2, 2, 5, 0, 4}),
    };
}

/// The composed form of a use that it can do.
OpCase twin_case(const std::string& label, const Sizes& sizes) {
    OpCase twin = attention_case(label, sizes);
    twin.op = "composed_dot_product";
    twin.run = [=](Context& context, const Variables& in) {
        return Variables{composed_dot_product(attention_of(sizes, context, in))};
    };
    return twin;
}

void expect_right(const OpCase& op_case) {
    const std::vector<std::string> failures = check_op(op_case);
    EXPECT_TRUE(failures.empty()) << joined(failures);
}

TEST(ScaledDotProduct, EqualsItsDefinition) {
    for (const OpCase& each : attention_cases()) expect_right(each);
}

TEST(ScaledDotProduct, TheComposedFormEqualsTheDefinitionToo) {
    expect_right(twin_case("self", {2, 3, 7, 7, 5}));
    expect_right(twin_case("cross", {2, 2, 3, 9, 4}));
}

TEST(ScaledDotProduct, EqualsItsComposedForm) {
    const std::vector<std::pair<std::string, Sizes>> uses = {
        {"self", {2, 3, 50, 50, 16}}, {"cross", {2, 2, 33, 70, 8}}, {"long", {1, 1, 130, 130, 32}}};
    for (const auto& [label, sizes] : uses) {
        const auto failures = check_twin(attention_case(label, sizes), twin_case(label, sizes).run, 5e-6);
        EXPECT_TRUE(failures.empty()) << joined(failures);
    }
}

/// Masked keys are finite here: 0 * NaN in the composed form's product would not be 0.
TEST(ScaledDotProduct, EqualsItsComposedFormWithKeyLengths) {
    const Sizes sizes{3, 2, 9, 17, 8, {17, 4, 0}};
    OpCase fused = attention_case("key lengths", sizes);
    for (OpInput& input : fused.inputs) input.unread = {};
    const auto failures = check_twin(fused, twin_case("key lengths", sizes).run, 5e-6);
    EXPECT_TRUE(failures.empty()) << joined(failures);
}

TEST(ScaledDotProduct, WeightsEqualTheirDefinition) {
    const Sizes sizes{3, 2, 5, 7, 4, {7, 3, 0}, true, 0.3F};
    for (const char* device : computing_devices()) {
        Context context(device);
        std::vector<float> query(3 * 5 * 8), key(3 * 7 * 8);
        for (std::size_t i = 0; i < query.size(); ++i) query[i] = std::sin(static_cast<float>(i));
        for (std::size_t i = 0; i < key.size(); ++i) key[i] = std::cos(static_cast<float>(3 * i));
        const Variable q(Tensor::from_host(context, {3, 5, 8}, std::span<const float>(query)));
        const Variable k(Tensor::from_host(context, {3, 7, 8}, std::span<const float>(key)));
        const Tensor weights = scaled_dot_product_weights(attention_of(sizes, context, {q, k, k}));
        ASSERT_EQ((Shape{3, 2, 5, 7}), weights.shape());
        const definitions::Values q_values(query.begin(), query.end()), k_values(key.begin(), key.end());
        const auto wanted = definitions::attention_weights({q_values, 8}, {k_values, 8}, definition_of(sizes));
        const std::vector<float> got = weights.to_vector();
        for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 2e-6) << device << " " << i;
    }
}

TEST(ScaledDotProduct, RefusesWhatDoesNotFit) {
    Context context;
    const Variable x(Tensor::zeros(context, {2, 3, 8}));
    const auto refused = [&](auto change) {
        ScaledDotProduct attention{{x, 0}, {x, 0}, {x, 0}, 2, 4, {}, false, 0, {}, -1, -1};
        change(attention);
        return message_of<Error>([&] { scaled_dot_product(attention); });
    };
    EXPECT_TRUE(contains(refused([](auto& a) { a.heads = 3; }), "the heads do not lie within"));
    EXPECT_TRUE(contains(refused([](auto& a) { a.key.first_column = 1; }), "the heads do not lie within"));
    EXPECT_TRUE(contains(refused([](auto& a) { a.query.first_column = -1; }), "the heads do not lie within"));
    EXPECT_TRUE(contains(refused([](auto& a) { a.heads = 0; }), "at least one head"));
    EXPECT_TRUE(contains(refused([](auto& a) { a.head_dim = 513; }), "1 to 512 components"));
    EXPECT_TRUE(contains(refused([](auto& a) { a.dropout = 1; }), "a probability in [0, 1)"));
    EXPECT_TRUE(contains(refused([&](auto& a) {
                             a.mask.key_lengths = integers(context, {1, 2, 3});
                         }),
                         "key_lengths of shape [2]"));
    EXPECT_TRUE(contains(refused([&](auto& a) { a.mask.key_lengths = Tensor::zeros(context, {2}); }), "dtype i32"));
    EXPECT_TRUE(contains(refused([&](auto& a) {
                             a.value.source = Variable(Tensor::zeros(context, {2, 4, 8}));
                         }),
                         "tokens"));
    EXPECT_TRUE(contains(refused([&](auto& a) {
                             a.key.source = Variable(Tensor::zeros(context, {3, 3, 8}));
                         }),
                         "tokens"));
}

TEST(Coverage, EveryOpOfAttentionHasACase) {
    // The cases of these stand in clustered_dot_product_test.cpp, feature_attention_test.cpp,
    // selected_queries_test.cpp, rotary_test.cpp, state_space_scan_test.cpp, token_convolution_test.cpp and, as causal
    // abc and nystromformer, in definitions_test.cpp.
    std::set<std::string> registered = {"clustered_dot_product",
                                        "feature_attention",
                                        "log_features",
                                        "cosine_features",
                                        "segment_means",
                                        "take_rows",
                                        "place_rows",
                                        "discretisation",
                                        "state_space_scan",
                                        "running_slots",
                                        "pseudo_inverse_start",
                                        "pseudo_inverse",
                                        "windowed_dot_product",
                                        "token_convolution",
                                        "rotary"};
    for (const OpCase& each : attention_cases()) registered.insert(each.op);
    std::size_t declared = 0;
    for (const OpHeader& header : op_headers("attention")) {
        for (const std::string& op : header.ops) {
            ++declared;
            EXPECT_TRUE(registered.count(op)) << op << " of " << header.file << " is held against no definition";
        }
    }
    EXPECT_EQ(declared, registered.size());
}

}  // namespace

}  // namespace heed::test::scaled_dot_product_test
