// ctest: processors 2
// ctest: cuda
#include "heed/attention/smyrf/smyrf_layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "heed/tests/support/kernel_paths.h"

// What the kernels do with memory; what they compute is tried in clustered_dot_product_test.cpp, and for cuda here.

namespace heed::test::smyrf_kernels_test {
namespace {

using Path = KernelPath<SmyrfKernels>;

struct Case {
    int64_t batch, heads, queries, keys, head_dim, rounds, cluster;
    float dropout = 0;
    std::vector<int32_t> lengths = {};
    SmyrfForm form = SmyrfForm::clusters;
    int64_t block = 1;
};

constexpr int64_t margin = 3;  ///< columns behind the heads of every row, and numbers behind every array
constexpr float untouched = 12345.0F;

/// An array full of `fill` with a guard behind it.
template <class T>
struct Guarded {
    Guarded(int64_t size, T fill) : values(static_cast<size_t>(size), fill) { values.resize(size + 64, T(4321)); }
    ~Guarded() { EXPECT_EQ(64, std::count(values.end() - 64, values.end(), T(4321))) << "behind an array"; }
    std::vector<T> values;
};

SmyrfShape shape_of(const Case& c, const Path& path) {
    SmyrfShape shape{};
    shape.heads = {.batch = c.batch,
                   .heads = c.heads,
                   .queries = c.queries,
                   .keys = c.keys,
                   .head_dim = c.head_dim,
                   .scale = 1 / std::sqrt(static_cast<float>(c.head_dim)),
                   .key_lengths = path.at(c.lengths),
                   .dropout = c.dropout,
                   .random = {.key = {7, 8}, .step = 9, .first_sample = 10}};
    shape.query_lengths = path.at(c.lengths);
    shape.rounds = c.rounds;
    shape.cluster = c.cluster;
    shape.form = c.form;
    shape.block = c.block;
    shape.heads.causal = c.form == SmyrfForm::causal_self;
    return shape;
}

/// What the kernels of a form give.
struct Results {
    std::vector<int32_t> query_order, key_order, ends;
    std::vector<float> output, log_sum_exp, d_query, d_key, d_value, weights;
};

/// Runs the kernels of a form on memory of just the right size and checks that all of the output is written, and no
/// more.
Results run_on_exact_memory(const Case& c, const Path& path) {
    const SmyrfShape shape = shape_of(c, path);
    const int64_t width = c.heads * c.head_dim + margin;
    const int64_t rows = c.batch * c.queries, key_rows = c.batch * c.keys, pairs = c.batch * c.heads;
    const auto query = numbers(rows * width, 1), key = numbers(key_rows * width, 2),
               value = numbers(key_rows * width, 3), d_output = numbers(rows * width, 4),
               directions = numbers(c.rounds * c.heads * (c.head_dim + 2), 5);
    const int64_t lists = c.form == SmyrfForm::causal_self ? smyrf_levels(shape) : 1, chunks = smyrf_list_table(shape);
    Guarded<int32_t> query_order(pairs * c.rounds * c.queries, -1), key_order(pairs * c.rounds * lists * c.keys, -1);
    Guarded<int32_t> ends(pairs * c.rounds * chunks, -1);
    Guarded<float> means(pairs * c.rounds * chunks * c.head_dim, untouched);
    Guarded<float> output(rows * width, untouched), log_sum_exp(pairs * c.queries, untouched);
    Guarded<float> d_query(rows * width, untouched), d_key(key_rows * width, untouched);
    Guarded<float> d_value(key_rows * width, untouched), weights(pairs * c.queries * c.keys, untouched);
    const bool clusters = c.form == SmyrfForm::clusters;
    Guarded<float> sort_memory(clusters ? path.kernels.sort_workspace(shape) : path.kernels.group_workspace(shape),
                               not_a_number);
    int32_t* const queries_by_chunk = path.at(c.form == SmyrfForm::causal_self ? key_order.values : query_order.values);
    Guarded<float> memory(path.kernels.workspace(shape), not_a_number);
    const auto view = [&](const std::vector<float>& data, int64_t tokens) {
        return ConstHeadView{path.at(data), tokens * width, width, c.head_dim};
    };
    const auto written = [&](Guarded<float>& data, int64_t tokens) {
        return HeadView{path.at(data.values), tokens * width, width, c.head_dim};
    };
    if (clusters) {
        path.kernels.sort({.shape = shape,
                           .query = view(query, c.queries),
                           .key = view(key, c.keys),
                           .directions = path.at(directions),
                           .query_order = path.at(query_order.values),
                           .key_order = path.at(key_order.values),
                           .workspace = path.at(sort_memory.values)});
    } else {
        path.kernels.group({.shape = shape,
                            .query = view(query, c.queries),
                            .key = view(key, c.keys),
                            .directions = path.at(directions),
                            .query_order = queries_by_chunk,
                            .key_order = path.at(key_order.values),
                            .ends = path.at(ends.values),
                            .means = path.at(means.values),
                            .grouped_before = 0,
                            .workspace = path.at(sort_memory.values)});
    }
    path.kernels.forward({.shape = shape,
                          .query = view(query, c.queries),
                          .key = view(key, c.keys),
                          .value = view(value, c.keys),
                          .query_order = queries_by_chunk,
                          .key_order = path.at(key_order.values),
                          .ends = path.at(ends.values),
                          .output = written(output, c.queries),
                          .log_sum_exp = path.at(log_sum_exp.values),
                          .workspace = path.at(memory.values)});
    std::fill(memory.values.begin(), memory.values.end() - 64, not_a_number);
    path.kernels.backward({.shape = shape,
                           .query = view(query, c.queries),
                           .key = view(key, c.keys),
                           .value = view(value, c.keys),
                           .query_order = queries_by_chunk,
                           .key_order = path.at(key_order.values),
                           .ends = path.at(ends.values),
                           .output = as_const(written(output, c.queries)),
                           .log_sum_exp = path.at(log_sum_exp.values),
                           .d_output = view(d_output, c.queries),
                           .d_query = written(d_query, c.queries),
                           .d_key = written(d_key, c.keys),
                           .d_value = written(d_value, c.keys),
                           .workspace = path.at(memory.values)});
    std::fill(memory.values.begin(), memory.values.end() - 64, not_a_number);
    path.kernels.weights({.shape = shape,
                          .query = view(query, c.queries),
                          .key = view(key, c.keys),
                          .query_order = queries_by_chunk,
                          .key_order = path.at(key_order.values),
                          .ends = path.at(ends.values),
                          .log_sum_exp = path.at(log_sum_exp.values),
                          .weights = path.at(weights.values),
                          .workspace = path.at(memory.values)});
    for (const auto* data : {&output, &d_query, &d_key, &d_value}) {
        for (size_t i = 0; i + 64 < data->values.size(); ++i) {
            const bool in_margin = static_cast<int64_t>(i) % width >= width - margin;
            EXPECT_EQ(data->values[i] == untouched, in_margin) << i;
            EXPECT_TRUE(std::isfinite(data->values[i])) << i;
        }
    }
    // Lists have free places where there are no queries, and where the last block of a level is a left one.
    if (clusters) {
        EXPECT_EQ(0, std::count(query_order.values.begin(), query_order.values.end(), -1));
    }
    if (clusters) {
        EXPECT_EQ(0, std::count(key_order.values.begin(), key_order.values.end(), -1));
    }
    if (c.lengths.empty()) {
        EXPECT_EQ(0, std::count(ends.values.begin(), ends.values.end(), -1));
    }
    EXPECT_EQ(0, std::count(log_sum_exp.values.begin(), log_sum_exp.values.end(), untouched));
    for (size_t i = 0; i + 64 < weights.values.size(); ++i) EXPECT_TRUE(weights.values[i] <= 1.00001F) << i;
    return {query_order.values, key_order.values, ends.values,    output.values, log_sum_exp.values,
            d_query.values,     d_key.values,     d_value.values, weights.values};
}

void expect_equal(const Results& got, const Results& wanted) {
    EXPECT_EQ(got.query_order, wanted.query_order);
    EXPECT_EQ(got.key_order, wanted.key_order);
    EXPECT_EQ(got.ends, wanted.ends);
    const auto close = [](const std::vector<float>& a, const std::vector<float>& b, const char* what) {
        expect_close(a, std::vector<double>(b.begin(), b.end()), 1e-5, 2e-6, what);
    };
    close(got.output, wanted.output, "output");
    close(got.log_sum_exp, wanted.log_sum_exp, "log_sum_exp");
    close(got.d_query, wanted.d_query, "d_query");
    close(got.d_key, wanted.d_key, "d_key");
    close(got.d_value, wanted.d_value, "d_value");
    close(got.weights, wanted.weights, "weights");
}

TEST(SmyrfKernels, WriteAllOfTheirOutputAndNothingElse) {
    const int before = thread_count();
    for (const int threads : {1, 2}) {
        set_thread_count(threads);
        for (const Case& c :
             {Case{1, 1, 1, 1, 1, 1, 1}, Case{2, 3, 37, 37, 5, 2, 8}, Case{3, 2, 70, 70, 16, 2, 16},
              Case{2, 1, 300, 20, 7, 2, 150}, Case{1, 2, 5, 600, 9, 1, 3}, Case{2, 2, 50, 50, 20, 3, 7, 0.2F},
              Case{3, 1, 40, 40, 8, 2, 9, 0, {40, 0, 13}}, Case{1, 1, 1, 1, 1, 1, 1, 0, {}, SmyrfForm::causal_self, 2},
              Case{2, 2, 150, 150, 7, 2, 5, 0, {}, SmyrfForm::causal_self, 8},
              Case{1, 1, 330, 330, 20, 1, 140, 0.2F, {}, SmyrfForm::causal_self, 150},
              Case{3, 1, 70, 70, 8, 3, 6, 0, {70, 0, 33}, SmyrfForm::causal_self, 7},
              Case{2, 2, 20, 70, 7, 2, 8, 0, {}, SmyrfForm::causal_cross},
              Case{1, 1, 300, 300, 16, 1, 3, 0.2F, {}, SmyrfForm::causal_cross},
              Case{3, 2, 40, 40, 5, 2, 6, 0, {40, 0, 13}, SmyrfForm::causal_cross}}) {
            Results reference;
            for_each_path(smyrf_kernels, [&](const Path& path) {
                // A card does not compute with the threads of the host.
                if (threads > 1 && path.device != DeviceKind::cpu) return;
                // Large cases take long to emulate.
                const bool other_order = cuda_emulation::thread_order() != cuda_emulation::ThreadOrder::shuffled;
                if (path.device == DeviceKind::cuda && other_order && c.queries * c.keys > 6000) return;
                Results results = run_on_exact_memory(c, path);
                if (path.device == DeviceKind::cuda) expect_equal(results, reference);
                if (path.device == DeviceKind::reference) reference = std::move(results);
            });
        }
    }
    set_thread_count(before);
}

TEST(SmyrfKernels, WorkspaceGrowsNoFasterThanTheSequence) {
    for_each_path(smyrf_kernels, [&](const Path& path) {
        const auto floats = [&](int64_t tokens) {
            const SmyrfShape shape = shape_of({1, 4, tokens, tokens, 64, 2, 64}, path);
            return path.kernels.sort_workspace(shape) + path.kernels.workspace(shape);
        };
        EXPECT_LE(floats(8192), 2 * floats(4096));
        const auto floats_of_places = [&](int64_t tokens) {
            return path.kernels.group_workspace(
                shape_of({1, 4, tokens, tokens, 64, 2, 64, 0, {}, SmyrfForm::causal_self, 128}, path));
        };
        EXPECT_LE(floats_of_places(8192), 2 * floats_of_places(4096));
    });
}

}  // namespace
}  // namespace heed::test::smyrf_kernels_test
