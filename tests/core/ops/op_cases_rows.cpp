#include "heed/core/ops/losses/binary_cross_entropy.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/ops/losses/distillation.h"
#include "heed/core/ops/losses/smooth_l1.h"
#include "heed/core/ops/losses/squared_error.h"
#include "heed/core/ops/rows/layer_norm.h"
#include "heed/core/ops/rows/residual.h"
#include "heed/core/ops/rows/softmax.h"
#include "heed/tests/core/ops/op_cases.h"
#include "heed/tests/definitions/cross_entropy.h"
#include "heed/tests/definitions/elementwise.h"
#include "heed/tests/definitions/normalisation.h"
#include "heed/tests/definitions/smooth_l1.h"
#include "heed/tests/definitions/squared_error.h"
#include "heed/tests/support/op_inputs.h"

namespace heed::test {

namespace {

using Variables = std::vector<Variable>;
using Arrays = std::vector<definitions::Values>;

constexpr float epsilon = 1e-5F;

OpCase layer_norm_case(const Shape& shape, float shift) {
    return {
        .op = "layer_norm",
        .label = shape.to_string() + (shift != 0 ? ", far mean" : ""),
        .inputs = {{"x", shape, Fill::distinct, shift}, {"gain", {shape[-1]}, Fill::uniform, 1}, {"bias", {shape[-1]}}},
        .run = [](Context&, const Variables& in) { return Variables{layer_norm(in[0], in[1], in[2], epsilon)}; },
        .definition =
            [](const Arrays& in) {
                return Arrays{definitions::layer_norm(in[0], in[1], in[2], static_cast<double>(epsilon))};
            },
        .value_bound = shift != 0 ? 1e-4 : 1e-5,
        .gradient_bound = shift != 0 ? 1e-3 : 5e-5};
}

/// Which of the two outputs the rest of the model uses.
enum class Used { both, sum, normed };

OpCase residual_layer_norm_with(const Shape& shape, float dropout, Used used) {
    static const char* names[] = {"", ", sum alone", ", normed alone"};
    const int64_t samples = shape[0];
    return {.op = "residual_layer_norm",
            .label = shape.to_string() + " p " + std::to_string(dropout) + names[static_cast<int>(used)],
            .inputs = {{"x", shape, Fill::distinct},
                       {"branch", shape},
                       {"gain", {shape[-1]}, Fill::uniform, 1},
                       {"bias", {shape[-1]}}},
            .run =
                [=](Context&, const Variables& in) {
                    auto [sum, normed] =
                        residual_layer_norm(in[0], in[1], in[2], in[3], epsilon, {dropout, random_stream()});
                    if (used == Used::sum) return Variables{sum};
                    if (used == Used::normed) return Variables{normed};
                    return Variables{sum, normed};
                },
            .definition =
                [=](const Arrays& in) {
                    const auto sum = definitions::residual_add(in[0], in[1], samples, static_cast<double>(dropout),
                                                               random_numbers());
                    const auto normed = definitions::layer_norm(sum, in[2], in[3], static_cast<double>(epsilon));
                    if (used == Used::sum) return Arrays{sum};
                    if (used == Used::normed) return Arrays{normed};
                    return Arrays{sum, normed};
                },
            .gradient_bound = 5e-5};
}

/// `lengths`: valid elements of the rows under each entry of the first axis; empty: all.
OpCase softmax_case(const Shape& shape, const definitions::Integers& lengths) {
    const int64_t width = shape[-1];
    const int64_t rows_per_length = shape[0] == 0 ? 1 : shape.rows() / shape[0];
    definitions::Integers row_lengths;
    for (const int64_t length : lengths)
        row_lengths.insert(row_lengths.end(), static_cast<std::size_t>(rows_per_length), length);
    OpInput x{"x", shape};
    if (!lengths.empty()) {
        x.unread = [=](int64_t element) {
            return element % width >= row_lengths[static_cast<std::size_t>(element / width)];
        };
    }
    return {.op = "softmax",
            .label = shape.to_string() + (lengths.empty() ? "" : ", lengths"),
            .inputs = {x},
            .run =
                [lengths](Context& context, const Variables& in) {
                    return Variables{softmax(in[0], lengths.empty() ? Tensor() : integers(context, lengths))};
                },
            .definition = [=](const Arrays& in) { return Arrays{definitions::softmax(in[0], width, row_lengths)}; },
            .value_bound = 2e-6,
            .gradient_bound = 5e-6};
}

/// Weights 0.25, 1, 1.75, 0.25, ... of the classes, and none of class 4.
std::vector<float> some_class_weights(int64_t classes) {
    std::vector<float> weights;
    for (int64_t c = 0; c < classes; ++c) weights.push_back(c == 4 ? 0 : 0.25F + 0.75F * static_cast<float>(c % 3));
    return weights;
}

OpCase cross_entropy_case(const definitions::Integers& targets, int64_t classes, float smoothing, bool weighted) {
    const auto rows = static_cast<int64_t>(targets.size());
    OpInput logits{"logits", {rows, classes}};
    return {.op = "cross_entropy",
            .label = logits.shape.to_string() + " smoothing " + std::to_string(smoothing) +
                     (rows > 0 && targets[0] < 0 ? ", rows left out" : "") + (weighted ? ", weights" : ""),
            .inputs = {logits},
            .run =
                [=](Context& context, const Variables& in) {
                    const std::vector<float> weights = some_class_weights(classes);
                    const Tensor all = weighted ? Tensor::from_host(context, {classes}, weights) : Tensor();
                    return Variables{cross_entropy(in[0], integers(context, targets), smoothing, all).loss};
                },
            .definition =
                [=](const Arrays& in) {
                    const std::vector<float> weights = some_class_weights(weighted ? classes : 0);
                    return Arrays{{definitions::cross_entropy(in[0], targets, classes, static_cast<double>(smoothing),
                                                              {weights.begin(), weights.end()})}};
                },
            .value_bound = 2e-6,
            .gradient_bound = 5e-6};
}

/// The teacher's logits are from a formula; of three rows the last is left out, where rows have targets.
OpCase distillation_case(int64_t rows, int64_t classes, float temperature, bool has_targets) {
    std::vector<float> teacher;
    for (int64_t i = 0; i < rows * classes; ++i) teacher.push_back(0.25F * static_cast<float>((7 * i + 3) % 11) - 1.0F);
    definitions::Integers targets;
    for (int64_t row = 0; has_targets && row < rows; ++row) targets.push_back(row % 3 == 2 ? -1 : 0);
    return {
        .op = "distillation",
        .label = Shape{rows, classes}.to_string() + " temperature " + std::to_string(temperature) +
                 (has_targets ? ", rows left out" : ""),
        .inputs = {{"logits", {rows, classes}}},
        .run =
            [=](Context& context, const Variables& in) {
                const Tensor given = Tensor::from_host(context, {rows, classes}, std::span<const float>(teacher));
                return Variables{
                    distillation(in[0], given, temperature, has_targets ? integers(context, targets) : Tensor()).loss};
            },
        .definition =
            [=](const Arrays& in) {
                return Arrays{{definitions::distillation(in[0], {teacher.begin(), teacher.end()}, targets, classes,
                                                         static_cast<double>(temperature))}};
            },
        .value_bound = 5e-6,
        .gradient_bound = 1e-5};
}

/// Every third target is 1. Weights are 0, 1/2, 1 ... 2.
OpCase binary_cross_entropy_case(const Shape& shape, float shift, bool bytes, bool weighted = false) {
    std::vector<float> weights(weighted ? static_cast<std::size_t>(shape.elements()) : 0);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 0.5F * static_cast<float>(i % 5);
    std::vector<uint8_t> targets(static_cast<std::size_t>(shape.elements()));
    for (std::size_t i = 0; i < targets.size(); ++i) targets[i] = i % 3 == 1 ? 1 : 0;
    return {.op = "binary_cross_entropy",
            .label = shape.to_string() + " shift " + std::to_string(shift) + (bytes ? ", bytes" : "") +
                     (weighted ? ", weighted" : ""),
            .inputs = {{"logits", shape, Fill::uniform, shift}},
            .run =
                [=](Context& context, const Variables& in) {
                    Tensor y = Tensor::empty(context, shape, bytes ? DType::u8 : DType::f32);
                    const std::vector<float> floats(targets.begin(), targets.end());
                    if (bytes) {
                        y.copy_from_host(targets.data());
                    } else {
                        y.copy_from_host(floats.data());
                    }
                    const Tensor w = weighted ? Tensor::from_host(context, shape, weights) : Tensor();
                    return Variables{binary_cross_entropy(in[0], y, w).loss};
                },
            .definition =
                [=](const Arrays& in) {
                    return Arrays{{definitions::binary_cross_entropy(in[0], {targets.begin(), targets.end()},
                                                                     {weights.begin(), weights.end()})}};
                },
            .value_bound = 2e-6,
            .gradient_bound = 5e-6};
}

/// Weights are 0, 1/2, 1 ... 2.
OpCase squared_error_case(const Shape& shape, bool weighted) {
    std::vector<float> targets(static_cast<std::size_t>(shape.elements()));
    std::vector<float> weights(weighted ? targets.size() : 0);
    for (std::size_t i = 0; i < targets.size(); ++i) targets[i] = 0.25F * static_cast<float>(i % 7) - 1.0F;
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 0.5F * static_cast<float>(i % 5);
    return {.op = "squared_error",
            .label = shape.to_string() + (weighted ? ", weighted" : ""),
            .inputs = {{"predictions", shape}},
            .run =
                [=](Context& context, const Variables& in) {
                    const Tensor w = weighted ? Tensor::from_host(context, shape, weights) : Tensor();
                    return Variables{squared_error(in[0], Tensor::from_host(context, shape, targets), w).loss};
                },
            .definition =
                [=](const Arrays& in) {
                    return Arrays{{definitions::squared_error(in[0], {targets.begin(), targets.end()},
                                                              {weights.begin(), weights.end()})}};
                },
            .value_bound = 1e-6,
            .gradient_bound = 2e-6};
}

/// Errors are at least 0.05 from the kinks at 0 and, with a beta of 0.25, at 0.25. Weights as above.
OpCase smooth_l1_case(const Shape& shape, float beta, bool weighted) {
    const std::vector<float> targets(static_cast<std::size_t>(shape.elements()), 0.0F);
    std::vector<float> weights(weighted ? targets.size() : 0);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 0.5F * static_cast<float>(i % 5);
    return {.op = "smooth_l1",
            .label = shape.to_string() + (weighted ? ", weighted" : "") + (beta > 0 ? ", smooth" : ""),
            .inputs = {{"predictions", shape, Fill::away_from_zero}},
            .run =
                [=](Context& context, const Variables& in) {
                    const Tensor w = weighted ? Tensor::from_host(context, shape, weights) : Tensor();
                    return Variables{smooth_l1(in[0], Tensor::from_host(context, shape, targets), beta, w).loss};
                },
            .definition =
                [=](const Arrays& in) {
                    return Arrays{{definitions::smooth_l1(in[0], {targets.begin(), targets.end()}, beta,
                                                          {weights.begin(), weights.end()})}};
                },
            .value_bound = 1e-6,
            .gradient_bound = 2e-6};
}

}  // namespace

OpCase residual_layer_norm_case(const Shape& shape, float dropout) {
    return residual_layer_norm_with(shape, dropout, Used::both);
}

std::vector<OpCase> row_cases() {
    std::vector<OpCase> cases;
    for (const Shape& shape :
         std::vector<Shape>{{5}, {4, 1}, {3, 7}, {2, 3, 33}, {2, 2, 3, 5}, {19, 16}, {0, 5}, {2, 0, 5}}) {
        cases.push_back(layer_norm_case(shape, 0));
        for (const float dropout : {0.0F, 0.3F}) cases.push_back(residual_layer_norm_case(shape, dropout));
    }
    cases.push_back(layer_norm_case({3, 65}, 100));
    for (const float temperature : {1.0F, 2.5F}) {
        for (const bool has_targets : {false, true}) {
            cases.push_back(distillation_case(5, 7, temperature, has_targets));
            cases.push_back(distillation_case(1, 1, temperature, has_targets));
            cases.push_back(distillation_case(3, 33, temperature, has_targets));
        }
    }
    cases.push_back(distillation_case(0, 4, 2.0F, false));
    for (const float dropout : {0.0F, 0.3F}) {
        cases.push_back(residual_layer_norm_with({2, 3, 9}, dropout, Used::sum));
        cases.push_back(residual_layer_norm_with({2, 3, 9}, dropout, Used::normed));
    }
    cases.push_back(softmax_case({1}, {}));
    cases.push_back(softmax_case({3, 7}, {}));
    cases.push_back(softmax_case({2, 3, 35}, {}));
    cases.push_back(softmax_case({0, 7}, {}));
    cases.push_back(softmax_case({4, 19}, {19, 1, 0, 13}));
    cases.push_back(softmax_case({3, 2, 5}, {2, 0, 5}));
    cases.push_back(softmax_case({2, 2, 3, 9}, {8, 3}));
    for (const float smoothing : {0.0F, 0.1F}) {
        for (const bool weighted : {false, true}) {
            cases.push_back(cross_entropy_case({2, 0, 1}, 3, smoothing, weighted));
            cases.push_back(cross_entropy_case({0}, 1, smoothing, weighted));
            cases.push_back(cross_entropy_case({16, 3, 40, 4, 0}, 41, smoothing, weighted));
            cases.push_back(cross_entropy_case({-1, 2, -1, 6}, 7, smoothing, weighted));
            cases.push_back(cross_entropy_case({-1, -1}, 5, smoothing, weighted));
            cases.push_back(cross_entropy_case({}, 5, smoothing, weighted));
        }
    }
    for (const bool bytes : {false, true}) {
        for (const float shift : {0.0F, 4.0F, -4.0F}) {
            for (const Shape& shape : std::vector<Shape>{{1, 1}, {3, 7}, {5, 33}, {0, 4}, {4, 0}}) {
                for (const bool weighted : {false, true}) {
                    cases.push_back(binary_cross_entropy_case(shape, shift, bytes, weighted));
                }
            }
        }
    }
    for (const Shape& shape : std::vector<Shape>{{1}, {3, 7}, {2, 5, 33}, {0, 4}, {19, 1500}}) {
        for (const bool weighted : {false, true}) {
            cases.push_back(squared_error_case(shape, weighted));
            for (const float beta : {0.0F, 0.25F, 3.0F}) cases.push_back(smooth_l1_case(shape, beta, weighted));
        }
    }
    return cases;
}

}  // namespace heed::test
