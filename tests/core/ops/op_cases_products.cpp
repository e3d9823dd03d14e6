#include "heed/core/ops/elementwise/activation.h"
#include "heed/core/ops/products/linear.h"
#include "heed/core/ops/products/matmul.h"
#include "heed/core/ops/products/mix_tokens.h"
#include "heed/core/ops/shapes/permute_heads.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/tests/core/ops/op_cases.h"
#include "heed/tests/definitions/elementwise.h"
#include "heed/tests/definitions/products.h"
#include "heed/tests/definitions/tokens.h"
#include "heed/tests/support/op_inputs.h"

namespace heed::test {

namespace {

using Variables = std::vector<Variable>;
using Arrays = std::vector<definitions::Values>;

std::vector<OpInput> linear_inputs(const Shape& x, int64_t out, bool bias) {
    std::vector<OpInput> inputs = {{"x", x}, {"weight", {out, x[-1]}}};
    if (bias) inputs.push_back({"bias", {out}});
    return inputs;
}

std::string linear_label(const Shape& x, int64_t out, bool bias) {
    return x.to_string() + " to " + std::to_string(out) + (bias ? "" : ", no bias");
}

definitions::Values linear_definition(const Arrays& in, int64_t features, int64_t out) {
    return definitions::linear(in[0], in[1], in.size() > 2 ? in[2] : definitions::Values{}, features, out);
}

OpCase linear_case(const Shape& x, int64_t out, bool bias) {
    return {
        .op = "linear",
        .label = linear_label(x, out, bias),
        .inputs = linear_inputs(x, out, bias),
        .run = [](Context&,
                  const Variables& in) { return Variables{linear(in[0], in[1], in.size() > 2 ? in[2] : Variable())}; },
        .definition = [features = x[-1],
                       out](const Arrays& in) { return Arrays{linear_definition(in, features, out)}; }};
}

OpCase matmul_case(const Shape& a, const Shape& b, bool transpose_b) {
    const int64_t m = a[-2], k = a[-1], n = b[transpose_b ? -2 : -1];
    int64_t batch = 1;
    for (int axis = 0; axis < a.rank() - 2; ++axis) batch *= a[axis];
    return {
        .op = "matmul",
        .label = a.to_string() + " " + b.to_string() + (transpose_b ? " transposed" : ""),
        .inputs = {{"a", a}, {"b", b}},
        .run = [transpose_b](Context&, const Variables& in) { return Variables{matmul(in[0], in[1], transpose_b)}; },
        .definition =
            [=](const Arrays& in) { return Arrays{definitions::matmul(in[0], in[1], batch, m, k, n, transpose_b)}; }};
}

OpCase permute_heads_case(const Shape& shape) {
    return {.op = "permute_heads",
            .label = shape.to_string(),
            .inputs = {{"x", shape}},
            .run = [](Context&, const Variables& in) { return Variables{permute_heads(in[0])}; },
            .definition =
                [=](const Arrays& in) {
                    return Arrays{definitions::swap_middle_axes(in[0], shape[0], shape[1], shape[2], shape[3])};
                },
            .value_bound = 0,
            .gradient_bound = 1e-6};
}

OpCase reshape_case(const Shape& from, const Shape& to) {
    return {.op = "reshape",
            .label = from.to_string() + " to " + to.to_string(),
            .inputs = {{"x", from}},
            .run = [to](Context&, const Variables& in) { return Variables{reshape(in[0], to)}; },
            .definition = [](const Arrays& in) { return in; },
            .value_bound = 0,
            .gradient_bound = 1e-6};
}

OpCase mix_tokens_case(const Shape& shape, int64_t n, bool causal, const definitions::Integers& lengths) {
    const int64_t tokens = shape[1], width = shape[2];
    OpInput x{"x", shape}, weight{"weight", {n, n}};
    if (!lengths.empty()) {
        x.unread = [=](int64_t element) {
            return element / width % tokens >= lengths[static_cast<std::size_t>(element / width / tokens)];
        };
    }
    weight.unread = [=](int64_t element) {
        const int64_t row = element / n, column = element % n;
        return row >= tokens || column >= tokens || (causal && column > row);
    };
    return {.op = "mix_tokens",
            .label = shape.to_string() + " by " + std::to_string(n) + (causal ? ", causal" : "") +
                     (lengths.empty() ? "" : ", lengths"),
            .inputs = {x, weight},
            .run =
                [=](Context& context, const Variables& in) {
                    return Variables{
                        mix_tokens(in[0], in[1], lengths.empty() ? Tensor() : integers(context, lengths), causal)};
                },
            .definition =
                [=](const Arrays& in) {
                    return Arrays{definitions::mix_tokens(in[0], in[1], n, lengths, causal, {shape[0], tokens, width})};
                }};
}

}  // namespace

OpCase linear_activation_case(const Shape& x, int64_t out, Activation kind, bool bias) {
    auto* act = activation_definition(kind);
    return {.op = "linear_activation",
            .label = linear_label(x, out, bias) + ", kind " + std::to_string(static_cast<int>(kind)),
            .inputs = linear_inputs(x, out, bias),
            .run =
                [kind](Context&, const Variables& in) {
                    return Variables{linear_activation(in[0], in[1], in.size() > 2 ? in[2] : Variable(), kind)};
                },
            .definition =
                [=, features = x[-1]](const Arrays& in) { return Arrays{act(linear_definition(in, features, out))}; }};
}

std::vector<OpCase> product_cases() {
    std::vector<OpCase> cases;
    const std::vector<std::pair<Shape, int64_t>> sizes = {{{1, 1}, 1},       {{5, 3}, 7},   {{3, 2, 9}, 17},
                                                          {{2, 3, 2, 5}, 4}, {{4, 67}, 33}, {{0, 3}, 5},
                                                          {{2, 0, 3}, 5},    {{3, 1}, 6},   {{33, 8}, 1}};
    for (const auto& [x, out] : sizes) {
        for (const bool bias : {true, false}) {
            cases.push_back(linear_case(x, out, bias));
            for (const Activation kind : all_activations) {
                cases.push_back(linear_activation_case(x, out, kind, bias));
            }
        }
    }
    cases.push_back(matmul_case({3, 5}, {5, 7}, false));
    cases.push_back(matmul_case({3, 5}, {7, 5}, true));
    cases.push_back(matmul_case({1, 1}, {1, 1}, false));
    cases.push_back(matmul_case({2, 9, 17}, {2, 17, 3}, false));
    cases.push_back(matmul_case({2, 9, 17}, {2, 3, 17}, true));
    cases.push_back(matmul_case({2, 3, 4, 5}, {2, 3, 5, 6}, false));
    cases.push_back(matmul_case({2, 3, 4, 5}, {2, 3, 6, 5}, true));
    cases.push_back(matmul_case({0, 4, 5}, {0, 5, 6}, false));
    cases.push_back(matmul_case({2, 0, 5}, {2, 5, 6}, false));
    cases.push_back(matmul_case({2, 4, 0}, {2, 0, 6}, false));
    cases.push_back(matmul_case({2, 4, 0}, {2, 6, 0}, true));
    for (const Shape& shape : std::vector<Shape>{{1, 1, 1, 1}, {2, 3, 5, 7}, {3, 4, 2, 17}, {0, 3, 2, 4}}) {
        cases.push_back(permute_heads_case(shape));
    }
    for (const bool causal : {false, true}) {
        cases.push_back(mix_tokens_case({1, 1, 1}, 1, causal, {}));
        cases.push_back(mix_tokens_case({3, 7, 5}, 7, causal, {}));
        cases.push_back(mix_tokens_case({2, 19, 33}, 40, causal, {}));
        cases.push_back(mix_tokens_case({4, 9, 6}, 9, causal, {9, 1, 0, 5}));
        cases.push_back(mix_tokens_case({2, 6, 17}, 11, causal, {4, 6}));
        cases.push_back(mix_tokens_case({0, 3, 5}, 3, causal, {}));
        cases.push_back(mix_tokens_case({2, 0, 5}, 3, causal, {}));
    }
    cases.push_back(reshape_case({6}, {2, 3}));
    cases.push_back(reshape_case({2, 3, 5}, {3, 10}));
    cases.push_back(reshape_case({2, 3, 5}, {1, 5, 3, 2}));
    cases.push_back(reshape_case({0, 3}, {3, 0, 2}));
    return cases;
}

}  // namespace heed::test
