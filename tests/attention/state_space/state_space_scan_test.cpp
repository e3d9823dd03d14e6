// ctest: cuda
#include "heed/attention/state_space/state_space_scan.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/core/error.h"
#include "heed/tests/definitions/attention/state_space.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/op_harness.h"
#include "heed/tests/support/op_inputs.h"

namespace heed::test::state_space_scan_test {
namespace {

using Variables = std::vector<Variable>;
using Arrays = std::vector<definitions::Values>;
using Sizes = definitions::StateSpaceSizes;

std::string label_of(const Sizes& s) {
    return Shape{s.batch, s.tokens, s.width}.to_string() + ", " + std::to_string(s.modes) + " modes, " +
           std::to_string(s.directions) + " directions" + (s.lengths.empty() ? "" : ", lengths");
}

/// From the parameters of the state spaces to their outputs, through the discretisation.
OpCase state_space_case(const Sizes& s, bool linear = false) {
    OpInput x{"x", {s.batch, s.tokens, s.width}};
    if (!s.lengths.empty()) {
        x.unread = [=](int64_t element) {
            const int64_t token = element / s.width;
            return token % s.tokens >= s.lengths[static_cast<std::size_t>(token / s.tokens)];
        };
    }
    return {.op = "state_space_scan",
            .label = label_of(s) + (linear ? ", linear" : ""),
            .inputs = {x,
                       {"step", {s.width}},
                       {"decay", {s.modes, s.width}},
                       {"frequency", {s.modes, s.width}},
                       {"readout", {s.directions, s.modes, 2, s.width}},
                       {"skip", {s.width}}},
            .run =
                [=](Context& context, const Variables& in) {
                    const StateSpace space = discretisation(
                        in[1], in[2], in[3], in[4], linear ? StateFrequencies::linear : StateFrequencies::inverse);
                    return Variables{state_space_scan(in[0], space, in[5],
                                                      s.lengths.empty() ? Tensor() : integers(context, s.lengths))};
                },
            .definition =
                [=](const Arrays& in) {
                    const auto [decay, weights] = definitions::discretisation(in[1], in[2], in[3], in[4], linear, s);
                    return Arrays{definitions::state_space_recurrence(in[0], decay, weights, in[5], s)};
                }};
}

/// The scan alone, with decays that no discretisation gives: states may grow, over a few tokens.
OpCase scan_case(const Sizes& s) {
    OpCase result = state_space_case(s);
    const OpInput x = result.inputs[0];
    result.inputs = {
        x, {"decay", {s.modes, 2, s.width}}, {"weights", {s.directions, s.modes, 2, s.width}}, {"skip", {s.width}}};
    result.run = [=](Context& context, const Variables& in) {
        return Variables{state_space_scan(in[0], {in[1], in[2]}, in[3],
                                          s.lengths.empty() ? Tensor() : integers(context, s.lengths))};
    };
    result.definition = [=](const Arrays& in) {
        return Arrays{definitions::state_space_recurrence(in[0], in[1], in[2], in[3], s)};
    };
    return result;
}

void expect_right(const OpCase& op_case) {
    const std::vector<std::string> failures = check_op(op_case);
    EXPECT_TRUE(failures.empty()) << joined(failures);
}

TEST(StateSpaceScan, EqualsItsRecurrence) {
    for (const int64_t directions : {1, 2}) {
        expect_right(state_space_case({1, 1, 1, 1, directions}));
        expect_right(state_space_case({2, 7, 5, 3, directions}));
        expect_right(state_space_case({3, 4, 19, 5, directions}, true));
    }
}

TEST(StateSpaceScan, EqualsItsRecurrenceOverSeveralPieces) {
    expect_right(state_space_case({1, 130, 2, 3, 2}));
    expect_right(state_space_case({2, 70, 3, 2, 1, {66, 64}}, true));
}

TEST(StateSpaceScan, EqualsItsRecurrenceWithPadding) {
    for (const int64_t directions : {1, 2}) {
        expect_right(state_space_case({4, 9, 5, 3, directions, {9, 1, 0, 5}}));
    }
}

TEST(StateSpaceScan, TakesAnyDecayOfShortSequences) {
    expect_right(scan_case({2, 4, 5, 3, 1}));
    expect_right(scan_case({1, 4, 17, 5, 2}));
}

TEST(StateSpaceScan, NothingToDo) {
    for (const int64_t directions : {1, 2}) {
        expect_right(state_space_case({0, 3, 5, 2, directions}));
        expect_right(state_space_case({2, 0, 5, 2, directions}));
    }
}

TEST(StateSpaceScan, IsTheConvolutionWithItsKernel) {
    const Sizes s{2, 80, 3, 4, 2, {80, 51}};
    const auto values = [](int64_t count, uint32_t seed) {
        const std::vector<float> narrow = numbers(count, seed);
        return definitions::Values(narrow.begin(), narrow.end());
    };
    const auto [decay, weights] =
        definitions::discretisation(values(s.width, 1), values(s.modes * s.width, 2), values(s.modes * s.width, 3),
                                    values(2 * s.modes * 2 * s.width, 4), false, s);
    const definitions::Values x = values(s.batch * s.tokens * s.width, 5), skip = values(s.width, 6);
    const definitions::Values wanted = definitions::state_space_convolution(x, decay, weights, skip, s);
    for_each_context([&](Context& context) {
        const auto variable = [&](const Shape& shape, uint32_t seed) {
            return Variable(Tensor::from_host(context, shape, numbers(shape.elements(), seed)));
        };
        const StateSpace space =
            discretisation(variable({s.width}, 1), variable({s.modes, s.width}, 2), variable({s.modes, s.width}, 3),
                           variable({2, s.modes, 2, s.width}, 4), StateFrequencies::inverse);
        const std::vector<float> y = state_space_scan(variable({s.batch, s.tokens, s.width}, 5), space,
                                                      variable({s.width}, 6), integers(context, s.lengths))
                                         .value()
                                         .to_vector();
        for (std::size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], wanted[i], 1e-5) << i;
    });
}

TEST(StateSpaceScan, StaysExactOverManyTokens) {
    // The slowest decays and the longest memories that a layer begins with.
    const Sizes s{1, 16384, 2, 8, 2};
    for_each_context([&](Context& context) {
        if (context.device().kind() == DeviceKind::cuda) return;  // one thread a channel: too slow in the emulation
        const auto variable = [&](const std::vector<float>& values, const Shape& shape) {
            return Variable(Tensor::from_host(context, shape, values));
        };
        const std::vector<float> step = {-std::log(10.0F), std::log(10.0F)}, zeros(s.modes * s.width, 0.0F);
        const std::vector<float> readout = numbers(2 * s.modes * 2 * s.width, 4), skip = {0.5F, -1.0F};
        const std::vector<float> x = numbers(s.tokens * s.width, 5);
        const auto wide = [](const std::vector<float>& values) {
            return definitions::Values(values.begin(), values.end());
        };
        const StateSpace space = discretisation(variable(step, {s.width}), variable(zeros, {s.modes, s.width}),
                                                variable(zeros, {s.modes, s.width}),
                                                variable(readout, {2, s.modes, 2, s.width}), StateFrequencies::inverse);
        const std::vector<float> y =
            state_space_scan(variable(x, {1, s.tokens, s.width}), space, variable(skip, {s.width})).value().to_vector();
        const auto [decay, weights] =
            definitions::discretisation(wide(step), wide(zeros), wide(zeros), wide(readout), false, s);
        const definitions::Values wanted = definitions::state_space_recurrence(wide(x), decay, weights, wide(skip), s);
        double difference = 0, greatest = 0;
        for (std::size_t i = 0; i < y.size(); ++i) {
            difference = std::max(difference, std::abs(y[i] - wanted[i]));
            greatest = std::max(greatest, std::abs(wanted[i]));
        }
        EXPECT_LT(difference, 2e-5 * greatest);
    });
}

TEST(StateSpaceScan, GoesOnWhereItStopped) {
    for_each_context([](Context& context) {
        const auto variable = [&](const Shape& shape, uint32_t seed) {
            return Variable(Tensor::from_host(context, shape, numbers(shape.elements(), seed)));
        };
        constexpr int64_t batch = 2, tokens = 70, width = 5, modes = 3;
        const StateSpace space =
            discretisation(variable({width}, 1), variable({modes, width}, 2), variable({modes, width}, 3),
                           variable({1, modes, 2, width}, 4), StateFrequencies::linear);
        const Variable skip = variable({width}, 6);
        const std::vector<float> x = numbers(batch * tokens * width, 5);
        const auto rows = [&](const std::vector<float>& of, int64_t first, int64_t count) {
            std::vector<float> part;
            for (int64_t b = 0; b < batch; ++b) {
                const auto begin = of.begin() + (b * tokens + first) * width;
                part.insert(part.end(), begin, begin + count * width);
            }
            return part;
        };
        const std::vector<float> whole =
            state_space_scan(Variable(Tensor::from_host(context, {batch, tokens, width}, x)), space, skip)
                .value()
                .to_vector();
        Tensor states = Tensor::zeros(context, {batch, modes, 2, width});
        int64_t done = 0;
        for (const int64_t count : {66, 1, 3}) {
            const Tensor part = Tensor::from_host(context, {batch, count, width}, rows(x, done, count));
            const std::vector<float> y = continue_state_space(part, space, skip, states).to_vector();
            const std::vector<float> wanted = rows(whole, done, count);
            for (std::size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], wanted[i], 1e-6) << done << ", " << i;
            done += count;
        }
    });
}

TEST(StateSpaceScan, RefusesWhatDoesNotFit) {
    Context context;
    const auto zeros = [&](const Shape& shape) { return Variable(Tensor::zeros(context, shape)); };
    const StateSpace space = {zeros({3, 2, 5}), zeros({2, 3, 2, 5})};
    EXPECT_NO_THROW(state_space_scan(zeros({2, 4, 5}), space, zeros({5})));
    EXPECT_THROW(state_space_scan(zeros({2, 4, 6}), space, zeros({6})), Error);
    EXPECT_THROW(state_space_scan(zeros({2, 4, 5}), space, zeros({4})), Error);
    EXPECT_THROW(state_space_scan(zeros({2, 4, 5}), space, zeros({5}), integers(context, {1})), Error);
    EXPECT_THROW(state_space_scan(zeros({2, 4, 5}), space, zeros({5}), integers(context, {1, 5})), Error);
    EXPECT_THROW(state_space_scan(zeros({2, 4, 5}), {zeros({3, 2, 5}), zeros({3, 3, 2, 5})}, zeros({5})), Error);
    Tensor states = Tensor::zeros(context, {2, 3, 2, 5});
    EXPECT_THROW(continue_state_space(Tensor::zeros(context, {2, 4, 5}), space, zeros({5}), states), Error);
    EXPECT_THROW(
        discretisation(zeros({5}), zeros({3, 4}), zeros({3, 5}), zeros({1, 3, 2, 5}), StateFrequencies::linear), Error);
}

}  // namespace
}  // namespace heed::test::state_space_scan_test
