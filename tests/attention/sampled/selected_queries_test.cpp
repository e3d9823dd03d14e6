// ctest: cuda
#include "heed/attention/sampled/selected_queries.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "heed/attention/sampled/selection_size.h"
#include "heed/core/error.h"
#include "heed/core/random/random.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/op_harness.h"
#include "heed/tests/support/op_inputs.h"

namespace heed::test::selected_queries_test {
namespace {

using Variables = std::vector<Variable>;
using Arrays = std::vector<definitions::Values>;

constexpr int64_t batch = 2, tokens = 6, heads = 2, head_dim = 3, most = 4, width = heads * head_dim;
// [batch, heads, most]; -1 behind the last.
const std::vector<int32_t> selected_numbers = {5, 0, 3, 2, 1, 4, -1, -1, 2, -1, -1, -1, 0, 1, 2, 3};

Tensor selected_tensor(Context& context) {
    return Tensor::from_host(context, {batch, heads, most}, std::span<const int32_t>(selected_numbers));
}

/// The place of query t of head h of sample b among the selected, or -1.
int64_t place_of(int64_t b, int64_t h, int64_t t) {
    for (int64_t s = 0; s < most; ++s) {
        if (selected_numbers[static_cast<size_t>((b * heads + h) * most + s)] == t) return s;
    }
    return -1;
}

void expect_right(const OpCase& op_case) {
    const std::vector<std::string> failures = check_op(op_case);
    EXPECT_TRUE(failures.empty()) << joined(failures);
}

TEST(SelectedQueries, AreTakenAndPutBack) {
    const auto at = [](int64_t b, int64_t t, int64_t of, int64_t c) {
        return static_cast<size_t>((b * of + t) * width + c);
    };
    expect_right({.op = "take_rows",
                  .label = "rows",
                  .inputs = {{"x", {batch, tokens, width}}},
                  .run =
                      [](Context& context, const Variables& in) {
                          return Variables{take_rows({in[0], 0}, head_dim, selected_tensor(context))};
                      },
                  .definition =
                      [=](const Arrays& in) {
                          definitions::Values y;
                          for (int64_t i = 0; i < batch * most * width; ++i) {
                              const int64_t c = i % width, s = i / width % most, b = i / width / most;
                              const int32_t t =
                                  selected_numbers[static_cast<size_t>((b * heads + c / head_dim) * most + s)];
                              y.push_back(t < 0 ? 0 : in[0][at(b, t, tokens, c)]);
                          }
                          return Arrays{y};
                      }});
    expect_right({.op = "place_rows",
                  .label = "rows and mean",
                  .inputs = {{"rows", {batch, most, width}}, {"mean", {batch, 1, width}}},
                  .run =
                      [](Context& context, const Variables& in) {
                          return Variables{place_rows(in[0], {in[1], 0}, head_dim, selected_tensor(context), tokens)};
                      },
                  .definition =
                      [=](const Arrays& in) {
                          definitions::Values y;
                          for (int64_t i = 0; i < batch * tokens * width; ++i) {
                              const int64_t c = i % width, t = i / width % tokens, b = i / width / tokens;
                              const int64_t s = place_of(b, c / head_dim, t);
                              y.push_back(s < 0 ? in[1][at(b, 0, 1, c)] : in[0][at(b, s, most, c)]);
                          }
                          return Arrays{y};
                      }});
}

TEST(SelectedQueries, HaveTheLeastEvenScores) {
    constexpr int64_t n = 40, samples = 3, factor = 2;
    const std::vector<int32_t> lengths = {40, 9, 0};
    const int64_t columns = selection_size(factor, n);
    ASSERT_EQ(columns, 8);
    const std::vector<float> q = numbers(samples * n * width, 1), k = numbers(samples * n * width, 2);
    std::vector<int32_t> words;
    RandomSequence sequence({1, 2});
    for (int64_t i = 0; i < n * columns; ++i) words.push_back(static_cast<int32_t>(sequence.next()));
    for (const char* device : computing_devices()) {
        Context context(device);
        const auto tensor = [&](const std::vector<float>& values) {
            return Variable(Tensor::from_host(context, {samples, n, width}, std::span<const float>(values)));
        };
        const Tensor chosen =
            select_queries({.query = {tensor(q), 0},
                            .key = {tensor(k), 0},
                            .heads = heads,
                            .head_dim = head_dim,
                            .factor = factor,
                            .lengths = Tensor::from_host(context, {samples}, std::span<const int32_t>(lengths)),
                            .words = Tensor::from_host(context, {n, columns}, std::span<const int32_t>(words))});
        std::vector<int32_t> got(static_cast<size_t>(chosen.elements()));
        chosen.copy_to_host(got.data());
        for (int64_t head = 0; head < samples * heads; ++head) {
            const int64_t b = head / heads, h = head % heads, real = lengths[static_cast<size_t>(b)];
            std::vector<std::pair<double, int64_t>> wanted;
            const auto size = static_cast<int64_t>(std::min<double>(
                static_cast<double>(real),
                factor * std::max(1.0, std::ceil(std::log(std::max<double>(1, static_cast<double>(real)))))));
            for (int64_t i = 0; i < real; ++i) {
                double greatest = -1e30, sum = 0;
                for (int64_t s = 0; s < size; ++s) {
                    const auto j = static_cast<int64_t>(
                        static_cast<double>(static_cast<uint32_t>(words[static_cast<size_t>(i * columns + s)])) /
                        4294967296.0 * static_cast<double>(real));
                    double score = 0;
                    for (int64_t c = 0; c < head_dim; ++c) {
                        score += static_cast<double>(q[(b * n + i) * width + h * head_dim + c]) *
                                 k[(b * n + j) * width + h * head_dim + c];
                    }
                    greatest = std::max(greatest, score);
                    sum += score;
                }
                wanted.emplace_back(-(greatest - sum / static_cast<double>(real)), i);
            }
            std::sort(wanted.begin(), wanted.end());
            for (int64_t s = 0; s < columns; ++s) {
                EXPECT_EQ(got[static_cast<size_t>(head * columns + s)],
                          s < size ? wanted[static_cast<size_t>(s)].second : -1)
                    << device << " head " << head << " place " << s;
            }
        }
    }
}

TEST(SelectedQueries, AreAsManyAsTheLogarithmSays) {
    for (int64_t n = 2; n < 5000; n += n < 200 ? 1 : 97) {
        const auto logarithm = static_cast<int64_t>(std::ceil(std::log(static_cast<double>(n))));
        ASSERT_EQ(selection_size(5, n), std::min(n, 5 * logarithm)) << n;
    }
    EXPECT_EQ(selection_size(5, 1), 1);
    EXPECT_EQ(selection_size(5, 0), 0);
    EXPECT_EQ(sampled_key(-1, 7), 6);
    EXPECT_EQ(sampled_key(0, 7), 0);
}

TEST(SelectedQueries, RefuseWhatDoesNotFit) {
    Context context;
    const Variable x(Tensor::zeros(context, {batch, tokens, width}));
    EXPECT_TRUE(contains(message_of<Error>([&] {
                             take_rows({x, 1}, head_dim, selected_tensor(context));
                         }),
                         "do not lie within the 6 columns"));
    EXPECT_TRUE(contains(message_of<Error>([&] {
                             take_rows({x, 0}, head_dim, Tensor::zeros(context, {batch, heads, most}));
                         }),
                         "dtype i32"));
    EXPECT_TRUE(contains(message_of<Error>([&] {
                             place_rows(x, {x, 0}, head_dim, selected_tensor(context), tokens);
                         }),
                         "rows of shape"));
    EXPECT_TRUE(contains(message_of<Error>([&] {
                             select_queries({.query = {x, 0},
                                             .key = {x, 0},
                                             .heads = heads,
                                             .head_dim = head_dim,
                                             .words = Tensor::zeros(context, {3, 2}, DType::i32)});
                         }),
                         "words of shape"));
}

}  // namespace
}  // namespace heed::test::selected_queries_test
