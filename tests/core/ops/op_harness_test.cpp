// ctest: cuda
#include "heed/tests/support/op_harness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "heed/core/device/op_scope.h"
#include "heed/core/ops/elementwise/activation.h"
#include "heed/core/ops/products/linear.h"
#include "heed/core/ops/rows/layer_norm.h"
#include "heed/core/ops/rows/residual.h"
#include "heed/tests/core/ops/op_cases.h"
#include "heed/tests/support/op_inputs.h"
#include "heed/tests/support/op_list.h"

namespace heed::test::op_harness_test {

namespace {

using Variables = std::vector<Variable>;

std::vector<OpCase> cases_of(const std::string& op) {
    std::vector<OpCase> cases = core_op_cases();
    std::erase_if(cases, [&](const OpCase& each) { return each.op != op; });
    return cases;
}

std::set<std::string> ops_of_core() {
    std::set<std::string> ops;
    for (const OpCase& each : core_op_cases()) ops.insert(each.op);
    return ops;
}

class Op : public testing::TestWithParam<std::string> {};

TEST_P(Op, EqualsItsDefinition) {
    const std::vector<OpCase> cases = cases_of(GetParam());
    ASSERT_FALSE(cases.empty());
    for (const OpCase& each : cases) {
        const std::vector<std::string> failures = check_op(each);
        EXPECT_TRUE(failures.empty()) << joined(failures);
    }
}

INSTANTIATE_TEST_SUITE_P(Core, Op, testing::ValuesIn(ops_of_core()), [](const auto& each) { return each.param; });

/// Headers of core/ops that declare no op, because they are tools of ops.
const std::set<std::string> tools = {"check.h", "column_sums.h", "copy_rows.h", "record_loss.h", "totals.h"};

TEST(Coverage, EveryOpOfCoreHasACase) {
    const std::set<std::string> registered = ops_of_core();
    for (const OpHeader& header : op_headers("core/ops")) {
        EXPECT_NE(header.ops.empty(), tools.count(header.file) == 0)
            << header.file << " is either a tool of ops and in the list above, or declares an op";
        for (const std::string& op : header.ops) {
            EXPECT_TRUE(registered.count(op)) << op << " of " << header.file << " has no case in op_cases";
        }
    }
}

TEST(Twins, LinearActivationIsActivationOfLinear) {
    for (const Activation kind : all_activations) {
        for (const bool bias : {true, false}) {
            const auto twin = [=](Context&, const Variables& in) {
                return Variables{activation(linear(in[0], in[1], bias ? in[2] : Variable()), kind)};
            };
            const auto failures = check_twin(linear_activation_case({4, 5, 33}, 67, kind, bias), twin, 1e-6);
            EXPECT_TRUE(failures.empty()) << joined(failures);
        }
    }
}

TEST(Twins, ResidualLayerNormIsLayerNormOfResidualAdd) {
    for (const float probability : {0.0F, 0.3F}) {
        const auto twin = [=](Context&, const Variables& in) {
            Variable sum = residual_add(in[0], in[1], {probability, random_stream()});
            return Variables{sum, layer_norm(sum, in[2], in[3], 1e-5F)};
        };
        const auto failures = check_twin(residual_layer_norm_case({4, 5, 67}, probability), twin, 5e-6);
        EXPECT_TRUE(failures.empty()) << joined(failures);
    }
}

TEST(Twins, ADifferentTwinIsNoticed) {
    const auto relu = [](Context&, const Variables& in) {
        return Variables{activation(linear(in[0], in[1], in[2]), Activation::relu)};
    };
    const OpCase gelu = linear_activation_case({4, 5}, 7, Activation::gelu, true);
    EXPECT_EQ(5U, check_twin(gelu, relu, 1e-6).size()) << "the definition, the output and three gradients";
}

// An op of the tests' own, y = x^2 + x, right or with one defect.
enum class Defect {
    none,
    wrong_sign,
    dropped_term,
    wrong_value,
    wrong_last_value,
    no_gradient,
    overwrites,
    changes_input,
    changes_gradient,
    swallows_nan,
    records_always,
    keeps_memory,
    gradient_behind_length,
    no_scope,
    throws,
};

struct SquareNode final : Node {
    SquareNode() : Node("square") {}
    void backward() override {
        const std::vector<float> dy = output().gradient().to_vector();
        std::vector<float> dx = x.to_vector();
        for (std::size_t i = 0; i < dx.size(); ++i) {
            float slope = 2 * dx[i] + 1;
            if (defect == Defect::wrong_sign) slope = -slope;
            if (defect == Defect::dropped_term) slope = 2 * dx[i];
            if (defect == Defect::gradient_behind_length && i + 1 == dx.size()) slope = 1;
            dx[i] = dy[i] * slope;
            if (length_is_short && i + 1 == dx.size() && defect != Defect::gradient_behind_length) dx[i] = 0;
        }
        if (defect == Defect::no_gradient) return;
        Tensor gradient = Tensor::from_host(x.context(), x.shape(), std::span<const float>(dx));
        if (defect == Defect::changes_gradient) output().take().fill_zero();
        if (defect == Defect::overwrites) {
            x_slot->target().tensor.copy_from(gradient);
        } else {
            x_slot->add(std::move(gradient));
        }
    }
    Tensor x;
    GradientSlot* x_slot = nullptr;
    Defect defect = Defect::none;
    bool length_is_short = false;
};

Variable square(Context& context, const Variable& x, Defect defect, bool short_length) {
    const OpScope scope(context, defect == Defect::no_scope ? "cube" : "square");
    if (defect == Defect::throws) throw std::runtime_error("out of order");
    std::vector<float> y = x.value().to_vector();
    for (float& value : y) value = value * value + value;
    if (short_length) y.back() = 0;
    if (defect == Defect::wrong_value) std::reverse(y.begin(), y.end());
    if (defect == Defect::wrong_last_value) y.back() += 0.001F;
    if (defect == Defect::swallows_nan) {
        for (float& value : y) value = value == value ? value : 0;
    }
    Tensor result = Tensor::from_host(context, x.shape(), std::span<const float>(y));
    if (defect == Defect::changes_input) Tensor(x.value()).fill_zero();
    if (defect == Defect::keeps_memory) {
        Storage* block = context.allocator().acquire(20);
        context.device().release(block->data, block->capacity);  // still counted; the test itself must not leak
    }
    if (!context.tape().records(x) && defect != Defect::records_always) return Variable(std::move(result));
    auto& node = context.tape().record<SquareNode>();
    node.x = x.value();
    node.x_slot = x.slot();
    node.defect = defect;
    node.length_is_short = short_length;
    return context.tape().output(node, std::move(result));
}

OpCase square_case(Defect defect) {
    const bool short_length = defect == Defect::gradient_behind_length;
    OpInput x{"x", {3, 5}};
    if (short_length) x.unread = [](int64_t element) { return element == 14; };
    return {.op = "square",
            .label = "",
            .inputs = {x},
            .run = [=](Context& context,
                       const Variables& in) { return Variables{square(context, in[0], defect, short_length)}; },
            .definition =
                [=](const std::vector<definitions::Values>& in) {
                    definitions::Values y = in[0];
                    for (double& value : y) value = value * value + value;
                    if (short_length) y.back() = 0;
                    return std::vector<definitions::Values>{y};
                },
            .value_bound = 1e-5,
            .gradient_bound = 2e-5};
}

std::string report(Defect defect) {
    return joined(check_op(square_case(defect)));
}

TEST(Harness, PassesARightOp) {
    EXPECT_EQ("", report(Defect::none));
}

TEST(Harness, NoticesEveryDefect) {
    const auto expect = [](Defect defect, const std::string& text) {
        const std::string failures = report(defect);
        EXPECT_NE(std::string::npos, failures.find(text)) << "expected \"" << text << "\" in:\n" << failures;
        EXPECT_NE(std::string::npos, failures.find("reference")) << "only on some paths:\n" << failures;
        EXPECT_NE(std::string::npos, failures.find("cpu")) << "only on some paths:\n" << failures;
    };
    expect(Defect::wrong_sign, "once, gradient of x: element");
    expect(Defect::dropped_term, "once, gradient of x: element");
    expect(Defect::wrong_value, "once, output 0: element 0");
    expect(Defect::wrong_last_value, "once, output 0: element 14");
    expect(Defect::no_gradient, "once, gradient of x: element");
    expect(Defect::overwrites, "used twice, gradient of x");
    expect(Defect::overwrites, "bound buffer, second pass, gradient of x");
    expect(Defect::changes_input, "once: input x was changed");
    expect(Defect::changes_gradient, "a gradient that was held elsewhere was changed");
    expect(Defect::swallows_nan, "NaN in x[7], output 0: element 7");
    expect(Defect::records_always, "constants: the output wants a gradient");
    expect(Defect::gradient_behind_length, "once, gradient of x: element");
    expect(Defect::keeps_memory, "at the end: memory is still in use");
    expect(Defect::no_scope, "observer: no OpScope square was seen in forward");
    expect(Defect::throws, "once: threw: out of order");
}

}  // namespace

}  // namespace heed::test::op_harness_test
