// ctest: cuda
#include "heed/attention/convolution/token_convolution.h"

#include <gtest/gtest.h>

#include "heed/core/error.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/op_harness.h"
#include "heed/tests/support/op_inputs.h"

namespace heed::test::token_convolution_test {
namespace {

using Variables = std::vector<Variable>;
using Arrays = std::vector<definitions::Values>;

struct Sizes {
    definitions::Integers lengths;
    int64_t tokens, heads, head_dim, size;
    int64_t first_column = 0, width = 0;  ///< of x; 0: as wide as the heads
};

Arrays convolved(const Arrays& in, const Sizes& s, int64_t width) {
    const auto batch = static_cast<int64_t>(s.lengths.size());
    definitions::Values y(static_cast<size_t>(batch * s.tokens * s.heads * s.head_dim), 0.0);
    for (int64_t b = 0; b < batch; ++b) {
        const int64_t length = s.lengths[static_cast<size_t>(b)];
        for (int64_t t = 0; t < length; ++t) {
            for (int64_t place = 0; place < s.size; ++place) {
                const int64_t from = t + place - s.size / 2;
                if (from < 0 || from >= length) continue;
                for (int64_t c = 0; c < s.heads * s.head_dim; ++c) {
                    y[static_cast<size_t>((b * s.tokens + t) * s.heads * s.head_dim + c)] +=
                        in[1][static_cast<size_t>(c / s.head_dim * s.size + place)] *
                        in[0][static_cast<size_t>((b * s.tokens + from) * width + s.first_column + c)];
                }
            }
        }
    }
    return {y};
}

void expect_right(const std::string& label, const Sizes& s) {
    const int64_t columns = s.heads * s.head_dim, width = s.width == 0 ? columns : s.width;
    const auto batch = static_cast<int64_t>(s.lengths.size());
    OpInput x{"x", {batch, s.tokens, width}};
    x.unread = [=](int64_t element) {
        const int64_t token = element / width, column = element % width - s.first_column;
        return token % s.tokens >= s.lengths[static_cast<size_t>(token / s.tokens)] || column < 0 || column >= columns;
    };
    const std::vector<std::string> failures =
        check_op({.op = "token_convolution",
                  .label = label,
                  .inputs = {x, {"kernel", {s.heads, s.size}}},
                  .run =
                      [=](Context& context, const Variables& in) {
                          return Variables{token_convolution({.x = {in[0], s.first_column},
                                                              .heads = s.heads,
                                                              .head_dim = s.head_dim,
                                                              .kernel = in[1],
                                                              .lengths = integers(context, s.lengths)})};
                      },
                  .definition = [=](const Arrays& in) { return convolved(in, s, width); }});
    EXPECT_TRUE(failures.empty()) << joined(failures);
}

TEST(TokenConvolution, EqualsItsDefinition) {
    expect_right("one place", {{6, 2}, 6, 2, 3, 1});
    expect_right("padding", {{7, 3, 0, 1}, 7, 3, 5, 3});
    expect_right("a head wider than a vector", {{9, 4}, 9, 2, 19, 5});
    expect_right("a kernel longer than the tokens", {{4, 3}, 4, 2, 4, 11});
    expect_right("no samples", {{}, 5, 2, 3, 3});
}

TEST(TokenConvolution, ReadsColumns) {
    expect_right("columns of one variable", {{5, 4}, 5, 2, 3, 3, 7, 20});
}

TEST(TokenConvolution, HasTheSameBitsWithTwoThreads) {
    Context context("cpu");
    const Variable x(Tensor::from_host(context, {3, 200, 32}, std::span<const float>(numbers(3 * 200 * 32, 1))));
    const Variable kernel(Tensor::from_host(context, {4, 7}, std::span<const float>(numbers(4 * 7, 2))));
    expect_same_with_two_threads([&] {
        return token_convolution({.x = {x, 0}, .heads = 4, .head_dim = 8, .kernel = kernel}).value().to_vector();
    });
}

TEST(TokenConvolution, RefusesAKernelWithoutAMiddle) {
    Context context("cpu");
    const Variable x(Tensor::zeros(context, {1, 4, 6})), even(Tensor::zeros(context, {2, 2}));
    const std::string message = message_of<Error>([&] {
        token_convolution({.x = {x, 0}, .heads = 2, .head_dim = 3, .kernel = even});
    });
    EXPECT_TRUE(contains(message, "kernels of an odd size")) << message;
}

}  // namespace
}  // namespace heed::test::token_convolution_test
