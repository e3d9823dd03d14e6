// ctest: processors 2
// ctest: cuda
#include "heed/attention/heads/sdpa_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "heed/core/random/random.h"
#include "heed/tests/support/kernel_paths.h"

namespace heed::test::sdpa_kernels_test {
namespace {

struct Case {
    int64_t batch = 2;
    int64_t heads = 2;
    int64_t queries = 7;
    int64_t keys = 7;
    int64_t head_dim = 8;
    bool causal = false;
    std::vector<int32_t> lengths = {};
    float dropout = 0;
    float magnitude = 1.5F;
    float scale = 0;  ///< 0: 1 / sqrt(head_dim)
    int64_t before = -1, after = -1;

    std::string text() const {
        return "batch " + std::to_string(batch) + " heads " + std::to_string(heads) + " queries " +
               std::to_string(queries) + " keys " + std::to_string(keys) + " head_dim " + std::to_string(head_dim) +
               (causal ? " causal" : "") + (before < 0 ? "" : " before " + std::to_string(before)) +
               (after < 0 ? "" : " after " + std::to_string(after)) + (lengths.empty() ? "" : " lengths") +
               " dropout " + std::to_string(dropout);
    }
};

/// Columns at the end of every row of the packed inputs and gradients that no kernel may touch.
constexpr int64_t margin = 5;
constexpr float untouched = 12345.0F;

/// Inputs as a model has them: queries in one matrix, keys and values packed side by side.
struct Data {
    explicit Data(const Case& c)
        : width(c.heads * c.head_dim),
          query(numbers(c.batch * c.queries * (width + margin), 1, c.magnitude)),
          key_value(numbers(c.batch * c.keys * (2 * width + margin), 2, c.magnitude)),
          d_output(numbers(c.batch * c.queries * width, 3)),
          output(d_output.size(), untouched),
          log_sum_exp(static_cast<size_t>(c.batch * c.heads * c.queries), untouched),
          d_query(query.size(), untouched),
          d_key_value(key_value.size(), untouched),
          weights(static_cast<size_t>(c.batch * c.heads * c.queries * c.keys), untouched),
          lengths(c.lengths) {}

    int64_t width;
    std::vector<float> query, key_value, d_output, output, log_sum_exp, d_query, d_key_value, weights;
    std::vector<int32_t> lengths;
};

using Path = KernelPath<SdpaKernels>;

SdpaShape shape_of(const Case& c, const Data& data, const Path& path) {
    SdpaShape shape{};
    shape.batch = c.batch;
    shape.heads = c.heads;
    shape.queries = c.queries;
    shape.keys = c.keys;
    shape.head_dim = c.head_dim;
    shape.scale = c.scale != 0 ? c.scale : 1.0F / std::sqrt(static_cast<float>(c.head_dim));
    shape.causal = c.causal;
    shape.before = c.before;
    shape.after = c.after;
    shape.key_lengths = path.at(data.lengths);
    shape.dropout = c.dropout;
    shape.random = {.key = {7, 8}, .step = 9, .first_sample = 10};
    return shape;
}

template <class Vector>
HeadView heads_in(const Path& path, Vector& data, const Case& c, int64_t tokens, int64_t row, int64_t column) {
    auto* first = path.at(data);
    return {const_cast<float*>(first) + (first == nullptr ? 0 : column), tokens * row, row, c.head_dim};
}

/// Scratch memory of the right size, full of NaN, with a guard behind it.
class Workspace {
public:
    Workspace(const Path& path, const SdpaShape& shape)
        : floats_(path.kernels.workspace(shape)),
          memory_(static_cast<size_t>(floats_) + 64, not_a_number),
          data_(path.at(memory_)) {
        std::fill_n(memory_.begin() + floats_, 64, untouched);
    }
    ~Workspace() {
        EXPECT_EQ(64, std::count(memory_.begin() + floats_, memory_.end(), untouched)) << "behind the workspace";
    }
    float* data() const { return data_; }

private:
    int64_t floats_;
    std::vector<float> memory_;
    float* data_;
};

void run_forward(const Case& c, Data& data, const Path& path) {
    SdpaForward args{};
    args.shape = shape_of(c, data, path);
    const Workspace workspace(path, args.shape);
    args.query = as_const(heads_in(path, data.query, c, c.queries, data.width + margin, 0));
    args.key = as_const(heads_in(path, data.key_value, c, c.keys, 2 * data.width + margin, 0));
    args.value = as_const(heads_in(path, data.key_value, c, c.keys, 2 * data.width + margin, data.width));
    args.output = heads_in(path, data.output, c, c.queries, data.width, 0);
    args.log_sum_exp = path.at(data.log_sum_exp);
    args.workspace = workspace.data();
    path.kernels.forward(args);
}

void run_backward(const Case& c, Data& data, const Path& path) {
    SdpaBackward args{};
    args.shape = shape_of(c, data, path);
    const Workspace workspace(path, args.shape);
    args.query = as_const(heads_in(path, data.query, c, c.queries, data.width + margin, 0));
    args.key = as_const(heads_in(path, data.key_value, c, c.keys, 2 * data.width + margin, 0));
    args.value = as_const(heads_in(path, data.key_value, c, c.keys, 2 * data.width + margin, data.width));
    args.output = as_const(heads_in(path, data.output, c, c.queries, data.width, 0));
    args.log_sum_exp = path.at(data.log_sum_exp);
    args.d_output = as_const(heads_in(path, data.d_output, c, c.queries, data.width, 0));
    args.d_query = heads_in(path, data.d_query, c, c.queries, data.width + margin, 0);
    args.d_key = heads_in(path, data.d_key_value, c, c.keys, 2 * data.width + margin, 0);
    args.d_value = heads_in(path, data.d_key_value, c, c.keys, 2 * data.width + margin, data.width);
    args.workspace = workspace.data();
    path.kernels.backward(args);
}

void run_weights(const Case& c, Data& data, const Path& path) {
    SdpaWeights args{};
    args.shape = shape_of(c, data, path);
    const Workspace workspace(path, args.shape);
    args.query = as_const(heads_in(path, data.query, c, c.queries, data.width + margin, 0));
    args.key = as_const(heads_in(path, data.key_value, c, c.keys, 2 * data.width + margin, 0));
    args.log_sum_exp = path.at(data.log_sum_exp);
    args.weights = path.at(data.weights);
    args.workspace = workspace.data();
    path.kernels.weights(args);
}

/// Attention from its formula in double precision, on the same packed layout.
struct Definition {
    std::vector<double> output, log_sum_exp, d_query, d_key_value, weights;

    Definition(const Case& c, const Data& data)
        : output(data.output.size(), 0),
          log_sum_exp(data.log_sum_exp.size(), -std::numeric_limits<double>::infinity()),
          d_query(data.d_query.size(), 0),
          d_key_value(data.d_key_value.size(), 0),
          weights(data.weights.size(), 0),
          c_(c),
          data_(data) {
        for (size_t i = 0; i < d_query.size(); ++i) {
            if (static_cast<int64_t>(i) % (data.width + margin) >= data.width) d_query[i] = untouched;
        }
        for (size_t i = 0; i < d_key_value.size(); ++i) {
            if (static_cast<int64_t>(i) % (2 * data.width + margin) >= 2 * data.width) d_key_value[i] = untouched;
        }
        for (int64_t b = 0; b < c.batch; ++b) {
            for (int64_t h = 0; h < c.heads; ++h) {
                for (int64_t i = 0; i < c.queries; ++i) row(b, h, i);
            }
        }
    }

private:
    bool visible(int64_t b, int64_t i, int64_t j) const {
        if ((c_.before >= 0 && j < i - c_.before) || (c_.after >= 0 && j > i + c_.after)) return false;
        return (c_.lengths.empty() || j < c_.lengths[b]) && (!c_.causal || j <= i + c_.keys - c_.queries);
    }

    double kept(int64_t b, int64_t h, int64_t i, int64_t j) const {
        if (c_.dropout == 0) return 1;
        const uint64_t element = (h * c_.keys + j) * ((c_.queries + 63) / 64 * 64) + i;
        const uint64_t counter = element / 64 * 16 + element % 16;
        const PhiloxBlock block = philox({7, 8}, {{static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32),
                                                   static_cast<uint32_t>(10 + b), 9}});
        const double p = c_.dropout;
        return block.word[element / 16 % 4] < std::round(p * 4294967296.0) ? 0 : 1 / (1 - p);
    }

    void row(int64_t b, int64_t h, int64_t i) {
        const int64_t d = c_.head_dim, q_row = data_.width + margin, kv_row = 2 * data_.width + margin;
        const double scale = c_.scale != 0 ? c_.scale : 1 / std::sqrt(static_cast<double>(d));
        const int64_t query = (b * c_.queries + i) * q_row + h * d;
        const int64_t out = (b * c_.queries + i) * data_.width + h * d;
        const auto key = [&](int64_t j) { return (b * c_.keys + j) * kv_row + h * d; };
        const auto value = [&](int64_t j) { return key(j) + data_.width; };
        std::vector<double> score(c_.keys, -std::numeric_limits<double>::infinity()), weight(c_.keys, 0);
        double largest = -std::numeric_limits<double>::infinity(), sum = 0;
        for (int64_t j = 0; j < c_.keys; ++j) {
            if (!visible(b, i, j)) continue;
            score[j] = 0;
            for (int64_t x = 0; x < d; ++x) {
                score[j] += scale * data_.query[query + x] * data_.key_value[key(j) + x];
            }
            largest = std::max(largest, score[j]);
        }
        if (largest == -std::numeric_limits<double>::infinity()) return;
        for (int64_t j = 0; j < c_.keys; ++j) sum += weight[j] = std::exp(score[j] - largest);
        const int64_t at = (b * c_.heads + h) * c_.queries + i;
        log_sum_exp[at] = largest + std::log(sum);
        std::vector<double> d_weight(c_.keys, 0);
        double mean = 0;
        for (int64_t j = 0; j < c_.keys; ++j) {
            if (!visible(b, i, j)) continue;
            weight[j] /= sum;
            weights[at * c_.keys + j] = weight[j];
            const double m = kept(b, h, i, j);
            for (int64_t x = 0; x < d; ++x) {
                output[out + x] += m * weight[j] * data_.key_value[value(j) + x];
                d_key_value[value(j) + x] += m * weight[j] * data_.d_output[out + x];
                d_weight[j] += m * data_.d_output[out + x] * data_.key_value[value(j) + x];
            }
            mean += weight[j] * d_weight[j];
        }
        for (int64_t j = 0; j < c_.keys; ++j) {
            if (!visible(b, i, j)) continue;
            const double d_score = scale * weight[j] * (d_weight[j] - mean);
            for (int64_t x = 0; x < d; ++x) {
                d_query[query + x] += d_score * data_.key_value[key(j) + x];
                d_key_value[key(j) + x] += d_score * data_.query[query + x];
            }
        }
    }

    const Case& c_;
    const Data& data_;
};

/// Fills what no query may use (keys and values behind the lengths) with NaN and infinities.
void poison_padding(const Case& c, Data& data) {
    const int64_t row = 2 * data.width + margin;
    for (int64_t b = 0; b < c.batch && !c.lengths.empty(); ++b) {
        for (int64_t j = c.lengths[b]; j < c.keys; ++j) {
            for (int64_t x = 0; x < 2 * data.width; ++x) {
                data.key_value[(b * c.keys + j) * row + x] = (x + j) % 2 == 0 ? not_a_number : infinity;
            }
        }
    }
}

void expect_definition(const Case& c) {
    SCOPED_TRACE(c.text());
    Data clean(c);
    const Definition want(c, clean);
    const double sharpness = c.magnitude * c.magnitude;
    for_each_path(sdpa_kernels, [&](const Path& path) {
        // A card's blocks work on 64 x 64 pairs: large cases, which take long to emulate, run in one order.
        const bool other_order = cuda_emulation::thread_order() != cuda_emulation::ThreadOrder::shuffled;
        if (path.device == DeviceKind::cuda && other_order && c.queries * c.keys > 8000) return;
        Data data(c);
        poison_padding(c, data);
        run_forward(c, data, path);
        expect_close(data.output, want.output, 1e-5, 2e-6 * sharpness, "output");
        expect_close(data.log_sum_exp, want.log_sum_exp, 1e-6, 2e-6 * sharpness, "log_sum_exp");
        run_backward(c, data, path);
        expect_close(data.d_query, want.d_query, 1e-5, 4e-6 * sharpness, "d_query");
        expect_close(data.d_key_value, want.d_key_value, 1e-5, 4e-6 * sharpness, "d_key and d_value");
        run_weights(c, data, path);
        expect_close(data.weights, want.weights, 1e-5, 1e-6 * sharpness, "weights");
    });
}

TEST(SdpaKernels, EqualTheDefinitionAtManyLengths) {
    for (const int64_t n : {1, 7, 16, 17, 50, 65, 129}) {
        for (const int64_t head_dim : {8, 16, 24}) {
            expect_definition({.batch = 1, .queries = n, .keys = n, .head_dim = head_dim});
        }
    }
    expect_definition({.batch = 1, .heads = 1, .queries = 300, .keys = 300, .head_dim = 32});
    expect_definition({.batch = 1, .heads = 1, .queries = 260, .keys = 530, .head_dim = 9});
}

TEST(SdpaKernels, EqualTheDefinitionAtManyHeadDims) {
    for (const int64_t head_dim : {1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 40, 48, 64, 80, 128, 512}) {
        expect_definition({.batch = 1, .queries = 18, .keys = 21, .head_dim = head_dim});
    }
}

TEST(SdpaKernels, EqualTheDefinitionForUnequalLengths) {
    expect_definition({.queries = 1, .keys = 100, .head_dim = 16});
    expect_definition({.queries = 130, .keys = 1, .head_dim = 16});
    expect_definition({.batch = 3, .heads = 3, .queries = 33, .keys = 70, .head_dim = 20});
}

TEST(SdpaKernels, PaddedKeysHaveNoInfluence) {
    expect_definition({.batch = 4, .queries = 50, .keys = 50, .head_dim = 16, .lengths = {50, 1, 0, 33}});
    expect_definition({.batch = 3, .queries = 17, .keys = 300, .head_dim = 12, .lengths = {256, 257, 40}});
}

TEST(SdpaKernels, Causal) {
    for (const int64_t n : {1, 7, 50, 64, 130, 270}) {
        expect_definition({.batch = 1, .queries = n, .keys = n, .head_dim = 16, .causal = true});
    }
    expect_definition({.queries = 20, .keys = 90, .head_dim = 16, .causal = true});
    expect_definition({.batch = 1, .heads = 1, .queries = 290, .keys = 600, .head_dim = 4, .causal = true});
    // The first queries see no key at all.
    expect_definition({.queries = 90, .keys = 20, .head_dim = 16, .causal = true});
    expect_definition({.batch = 1, .heads = 1, .queries = 400, .keys = 130, .head_dim = 6, .causal = true});
    expect_definition({.batch = 3, .heads = 1, .queries = 280, .keys = 280, .causal = true, .lengths = {280, 100, 0}});
}

TEST(SdpaKernels, Bands) {
    for (const int64_t n : {1, 7, 50, 130, 300}) {
        expect_definition({.batch = 1, .queries = n, .keys = n, .head_dim = 16, .before = 3, .after = 5});
        expect_definition(
            {.batch = 1, .queries = n, .keys = n, .head_dim = 12, .causal = true, .before = 9, .after = 0});
    }
    // Wider than a block of keys, without keys at all for the last queries, with dropout.
    expect_definition({.batch = 1, .heads = 1, .queries = 700, .keys = 700, .head_dim = 4, .before = 290, .after = 1});
    expect_definition({.batch = 3,
                       .heads = 1,
                       .queries = 290,
                       .keys = 290,
                       .lengths = {290, 20, 0},
                       .dropout = 0.3F,
                       .before = 11,
                       .after = 30});
    expect_definition({.batch = 1, .queries = 150, .keys = 150, .before = 0, .after = 0});
    expect_definition({.batch = 1, .queries = 150, .keys = 150, .before = 400, .after = 400});
}

TEST(SdpaKernels, DropoutUsesTheWordsOfTheScalarGenerator) {
    expect_definition({.queries = 7, .keys = 7, .head_dim = 8, .dropout = 0.3F});
    expect_definition({.queries = 65, .keys = 70, .head_dim = 16, .dropout = 0.1F});
    expect_definition({.batch = 1, .queries = 200, .keys = 300, .head_dim = 8, .dropout = 0.5F});
    expect_definition({.queries = 70, .keys = 70, .causal = true, .lengths = {70, 31}, .dropout = 0.9F});
}

TEST(SdpaKernels, LargeAndNegativeScores) {
    expect_definition({.queries = 50, .keys = 50, .head_dim = 16, .magnitude = 30});
    expect_definition({.batch = 1, .queries = 20, .keys = 600, .head_dim = 8, .magnitude = 30});
    expect_definition({.queries = 20, .keys = 20, .head_dim = 8, .scale = -0.7F});
}

TEST(SdpaKernels, NothingToDo) {
    for (const Case& c : {Case{.batch = 0}, Case{.queries = 0}, Case{.keys = 0}, Case{.queries = 0, .keys = 0}}) {
        expect_definition(c);
    }
}

TEST(SdpaKernels, QueryWithoutKeysGivesZeros) {
    const Case c{.batch = 1, .queries = 20, .keys = 20, .head_dim = 8, .lengths = {0}};
    for_each_path(sdpa_kernels, [&](const Path& path) {
        Data data(c);
        run_forward(c, data, path);
        for (const float x : data.output) EXPECT_EQ(x, 0.0F);
        for (const float x : data.log_sum_exp) EXPECT_EQ(x, -infinity);
        run_backward(c, data, path);
        for (const float x : data.d_query) EXPECT_TRUE(x == 0.0F || x == untouched);
        for (const float x : data.d_key_value) EXPECT_TRUE(x == 0.0F || x == untouched);
    });
}

TEST(SdpaKernels, NanInRealInputShowsWhereItIsUsed) {
    const Case c{.batch = 2, .heads = 2, .queries = 40, .keys = 40, .head_dim = 8};
    for_each_path(sdpa_kernels, [&](const Path& path) {
        Data data(c);
        const int64_t q_row = data.width + margin, kv_row = 2 * data.width + margin;
        data.query[5 * q_row + 2] = not_a_number;                       // sample 0, head 0, query 5
        data.key_value[(40 + 3) * kv_row + 8 + 1] = not_a_number;       // sample 1, head 1, key 3
        data.key_value[(40 + 6) * kv_row + data.width] = not_a_number;  // sample 1, head 0, value 6, component 0
        run_forward(c, data, path);
        run_backward(c, data, path);
        for (int64_t b = 0; b < 2; ++b) {
            for (int64_t i = 0; i < 40; ++i) {
                for (int64_t h = 0; h < 2; ++h) {
                    for (int64_t x = 0; x < 8; ++x) {
                        const bool expected = b == 0 ? h == 0 && i == 5 : h == 1 || x == 0;
                        EXPECT_EQ(std::isnan(data.output[(b * 40 + i) * 16 + h * 8 + x]), expected);
                        const bool d_expected = b == 0 ? h == 0 && i == 5 : true;
                        EXPECT_EQ(std::isnan(data.d_query[(b * 40 + i) * q_row + h * 8 + x]), d_expected);
                    }
                    EXPECT_EQ(std::isnan(data.log_sum_exp[(b * 2 + h) * 40 + i]), b == 0 ? h == 0 && i == 5 : h == 1);
                }
            }
        }
    });
}

TEST(SdpaKernels, WhatIsNotFiniteInTheFutureHasNoInfluence) {
    for (const int64_t n : {40, 300}) {
        const Case c{.batch = 1, .heads = 2, .queries = n, .keys = n, .head_dim = 9, .causal = true};
        const int64_t first = n - 23;  // the first token that is not finite
        for_each_path(sdpa_kernels, [&](const Path& path) {
            Data clean(c), data(c);
            // Later outputs are NaN with the later tokens: only gradients of earlier outputs are asked for.
            for (Data* each : {&clean, &data})
                std::fill(each->d_output.begin() + first * each->width, each->d_output.end(), 0.0F);
            const int64_t q_row = data.width + margin, kv_row = 2 * data.width + margin;
            for (int64_t j = first; j < n; ++j) {
                for (int64_t x = 0; x < 2 * data.width; ++x) {
                    data.key_value[j * kv_row + x] = (x + j) % 2 == 0 ? not_a_number : infinity;
                }
            }
            for (Data* each : {&clean, &data}) {
                run_forward(c, *each, path);
                run_backward(c, *each, path);
                run_weights(c, *each, path);
            }
            for (int64_t i = 0; i < first * data.width; ++i) ASSERT_EQ(data.output[i], clean.output[i]) << i;
            for (int64_t i = 0; i < first * q_row; ++i) ASSERT_EQ(data.d_query[i], clean.d_query[i]) << i;
            for (int64_t h = 0; h < 2; ++h) {
                for (int64_t i = 0; i < first * n; ++i) {
                    ASSERT_EQ(data.weights[h * n * n + i], clean.weights[h * n * n + i]) << i;
                }
            }
            EXPECT_TRUE(std::isnan(data.output[first * data.width]));
        });
    }
}

TEST(SdpaKernels, SameBitsForAnyNumberOfThreads) {
    for (const Case& c : {Case{.batch = 3, .heads = 3, .queries = 65, .keys = 65, .head_dim = 16},
                          Case{.batch = 1, .heads = 1, .queries = 300, .keys = 600, .head_dim = 24, .dropout = 0.1F},
                          Case{.batch = 1, .heads = 1, .queries = 600, .keys = 600, .head_dim = 16, .causal = true}}) {
        SCOPED_TRACE(c.text());
        for_each_path(sdpa_kernels, [&](const Path& path) {
            if (path.device == DeviceKind::cuda) return;  // works with one thread of the host
            expect_same_with_two_threads([&] {
                Data data(c);
                run_forward(c, data, path);
                run_backward(c, data, path);
                std::vector<float> all = data.output;
                for (const auto* part : {&data.log_sum_exp, &data.d_query, &data.d_key_value}) {
                    all.insert(all.end(), part->begin(), part->end());
                }
                return all;
            });
        });
    }
}

TEST(SdpaKernels, SameBitsForAnyOrderOfACardsThreads) {
    const Case c{.batch = 1, .heads = 2, .queries = 70, .keys = 90, .head_dim = 40, .lengths = {80}, .dropout = 0.2F};
    std::vector<float> first;
    for_each_path(sdpa_kernels, [&](const Path& path) {
        if (path.device != DeviceKind::cuda) return;
        Data data(c);
        run_forward(c, data, path);
        run_backward(c, data, path);
        std::vector<float> all = data.output;
        all.insert(all.end(), data.d_query.begin(), data.d_query.end());
        all.insert(all.end(), data.d_key_value.begin(), data.d_key_value.end());
        if (first.empty()) first = all;
        EXPECT_EQ(first, all);
    });
}

TEST(SdpaKernels, WorkspaceGrowsOnACardAlone) {
    for_each_path(sdpa_kernels, [&](const Path& path) {
        const auto floats = [&](int64_t n, int64_t batch) {
            const Case c{.batch = batch, .queries = n, .keys = n, .head_dim = 64};
            return path.kernels.workspace(shape_of(c, Data(Case{}), path));
        };
        const bool cuda = path.device == DeviceKind::cuda;
        EXPECT_EQ((cuda ? 8 : 1) * floats(1024, 1), floats(8192, 1));
        EXPECT_EQ((cuda ? 50 : 1) * floats(1024, 1), floats(1024, 50));
    });
}

}  // namespace
}  // namespace heed::test::sdpa_kernels_test
