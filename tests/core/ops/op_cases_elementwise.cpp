#include "heed/core/ops/elementwise/activation.h"
#include "heed/core/ops/elementwise/cast.h"
#include "heed/core/ops/elementwise/drop_path.h"
#include "heed/core/ops/elementwise/dropout.h"
#include "heed/core/ops/elementwise/elementwise.h"
#include "heed/core/ops/elementwise/probe.h"
#include "heed/core/ops/rows/residual.h"
#include "heed/tests/core/ops/op_cases.h"
#include "heed/tests/definitions/elementwise.h"
#include "heed/tests/support/op_inputs.h"

namespace heed::test {

namespace {

using Variables = std::vector<Variable>;
using Arrays = std::vector<definitions::Values>;

/// Odd sizes, ranks 1 to 4, one vector and a bit, nothing at all.
const std::vector<Shape> shapes = {{1}, {7}, {3, 5}, {2, 3, 11}, {2, 3, 5, 7}, {1, 129}, {0, 5}};

OpCase activation_case(const Shape& shape, const char* name) {
    const Activation kind = activation_from_name(name);
    auto* definition = activation_definition(kind);
    return {.op = "activation",
            .label = name + (" " + shape.to_string()),
            .inputs = {{"x", shape, kind == Activation::relu ? Fill::away_from_zero : Fill::uniform}},
            .run = [kind](Context&, const Variables& in) { return Variables{activation(in[0], kind)}; },
            .definition = [definition](const Arrays& in) { return Arrays{definition(in[0])}; },
            .value_bound = 1e-6,
            .gradient_bound = 2e-6};
}

OpCase dropout_case(const Shape& shape, float probability) {
    const int64_t samples = shape[0];
    return {
        .op = "dropout",
        .label = shape.to_string() + " p " + std::to_string(probability),
        .inputs = {{"x", shape}},
        .run = [probability](Context&,
                             const Variables& in) { return Variables{dropout(in[0], probability, random_stream())}; },
        .definition =
            [=](const Arrays& in) {
                return Arrays{definitions::dropout(in[0], samples, static_cast<double>(probability), random_numbers())};
            },
        .value_bound = 1e-6,
        .gradient_bound = 1e-6};
}

OpCase drop_path_case(const Shape& shape, float probability) {
    const int64_t samples = shape[0];
    return {
        .op = "drop_path",
        .label = shape.to_string() + " p " + std::to_string(probability),
        .inputs = {{"x", shape}},
        .run = [probability](Context&,
                             const Variables& in) { return Variables{drop_path(in[0], probability, random_stream())}; },
        .definition =
            [=](const Arrays& in) {
                return Arrays{
                    definitions::drop_path(in[0], samples, static_cast<double>(probability), random_numbers())};
            },
        .value_bound = 1e-6,
        .gradient_bound = 1e-6};
}

OpCase residual_add_case(const Shape& shape, float probability) {
    const int64_t samples = shape[0];
    return {.op = "residual_add",
            .label = shape.to_string() + " p " + std::to_string(probability),
            .inputs = {{"x", shape}, {"branch", shape}},
            .run =
                [probability](Context&, const Variables& in) {
                    return Variables{residual_add(in[0], in[1], {probability, random_stream()})};
                },
            .definition =
                [=](const Arrays& in) {
                    return Arrays{definitions::residual_add(in[0], in[1], samples, static_cast<double>(probability),
                                                            random_numbers())};
                },
            .value_bound = 1e-6,
            .gradient_bound = 1e-6};
}

OpCase add_case(const Shape& shape) {
    return {.op = "add",
            .label = shape.to_string(),
            .inputs = {{"a", shape}, {"b", shape}},
            .run = [](Context&, const Variables& in) { return Variables{add(in[0], in[1])}; },
            .definition = [](const Arrays& in) { return Arrays{definitions::add(in[0], in[1])}; },
            .value_bound = 1e-6,
            .gradient_bound = 1e-6};
}

/// One variable as both operands: the two gradients meet in one slot.
OpCase doubling_case() {
    return {.op = "add",
            .label = "x + x",
            .inputs = {{"x", {3, 5}}},
            .run = [](Context&, const Variables& in) { return Variables{add(in[0], in[0])}; },
            .definition = [](const Arrays& in) { return Arrays{definitions::add(in[0], in[0])}; },
            .value_bound = 1e-6,
            .gradient_bound = 1e-6};
}

/// What is f32 already is left as it is; bf16 is tested in bf16_activations_test.
OpCase cast_case() {
    return {.op = "cast",
            .label = "x + cast(x)",
            .inputs = {{"x", {3, 5}}},
            .run = [](Context&, const Variables& in) { return Variables{add(in[0], cast(in[0], DType::f32))}; },
            .definition = [](const Arrays& in) { return Arrays{definitions::add(in[0], in[0])}; },
            .value_bound = 1e-6,
            .gradient_bound = 1e-6};
}

OpCase probe_case(const Shape& shape) {
    return {.op = "probe",
            .label = shape.to_string(),
            .inputs = {{"x", shape}},
            .run = [](Context&, const Variables& in) { return Variables{probe(in[0], [](const Tensor&) {})}; },
            .definition = [](const Arrays& in) { return in; },
            .value_bound = 0,
            .gradient_bound = 1e-6};
}

OpCase scale_case(const Shape& shape) {
    return {.op = "scale",
            .label = shape.to_string(),
            .inputs = {{"x", shape}},
            .run = [](Context&, const Variables& in) { return Variables{scale(in[0], -1.75F)}; },
            .definition = [](const Arrays& in) { return Arrays{definitions::scale(in[0], -1.75)}; },
            .value_bound = 1e-6,
            .gradient_bound = 1e-6};
}

}  // namespace

definitions::Values (*activation_definition(Activation kind))(const definitions::Values&) {
    switch (kind) {
        case Activation::relu:
            return definitions::relu;
        case Activation::gelu:
            return definitions::gelu;
        case Activation::gelu_tanh:
            return definitions::gelu_tanh;
        case Activation::silu:
            return definitions::silu;
        case Activation::tanh:
            return definitions::tanh;
    }
    return nullptr;
}

std::vector<OpCase> elementwise_cases() {
    std::vector<OpCase> cases = {doubling_case(), cast_case()};
    for (const Shape& shape : shapes) {
        for (const char* kind : {"relu", "gelu", "gelu_tanh", "silu", "tanh"})
            cases.push_back(activation_case(shape, kind));
        cases.push_back(add_case(shape));
        cases.push_back(scale_case(shape));
        cases.push_back(probe_case(shape));
        for (const float probability : {0.0F, 0.3F}) {
            cases.push_back(dropout_case(shape, probability));
            cases.push_back(drop_path_case(shape, probability));
            cases.push_back(residual_add_case(shape, probability));
        }
    }
    cases.push_back(drop_path_case({9, 2, 3}, 0.5F));
    return cases;
}

}  // namespace heed::test
