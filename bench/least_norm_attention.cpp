// Least-norm attention of random heads: how exact it is, and what it costs.
//   bench_least_norm_attention [matrices]
// The first table is over `matrices` heads (default 10,000) of 1 to 64 keys and head sizes of 1 to 64, full and causal,
// by what their rows are; their values are normal, shifted, of low rank, in pairs, constant or zero in turn. "error" is
// the greatest |A'T - A T| of a head over its greatest |A T|, "sum" the greatest distance of a row's sum from 1,
// "optimality" that of |a'_j - max(0, (U l)_j)| for the multipliers l. The second table is of larger
// heads. Times are those of the processor, on one thread.

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <numeric>
#include <string>
#include <vector>

#include "bench_main.h"
#include "heed/attention/explanation/least_norm_attention.h"
#include "heed/core/parallel.h"
#include "heed/core/random/random.h"

namespace {

using namespace heed;

/// Time of the processor, which other programs on the machine do not change much.
double seconds_now() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Rows are the softmax in floats of normal scores times `temperature`; a share `zeros` of the weights is 0.
struct RowsOf {
    const char* name;
    float temperature;
    double zeros;
};
constexpr RowsOf kinds_of_rows[] = {
    {"softmax of N(0, 1)", 1, 0},       {"of N(0, 3)", 3, 0}, {"of N(0, 8)", 8, 0},
    {"underflowed: N(0, 100)", 100, 0}, {"one-hot", 1, 1},    {"3 of 4 are 0", 1, 0.75}};

enum class ValuesOf : uint8_t { normal, shifted, low_rank, pairs, constant, zero };
constexpr int kinds_of_values = 6;

struct Head {
    int64_t keys, dim;
    AllowedKeys allowed;
    std::vector<double> weights, values;

    AttentionHead view() const { return {keys, keys, dim, weights, values, allowed}; }
};

std::vector<double> random_values(int64_t keys, int64_t dim, ValuesOf kind, RandomSequence& random) {
    std::vector<double> values(static_cast<size_t>(keys * dim), 0.0);
    if (kind == ValuesOf::zero) return values;
    for (double& value : values) value = random.normal();
    const auto row = [&](int64_t key) { return values.begin() + key * dim; };
    for (int64_t key = 0; key < keys; ++key) {
        if (kind == ValuesOf::shifted) std::for_each(row(key), row(key) + dim, [](double& x) { x = float(x + 100); });
        if (kind == ValuesOf::constant) std::copy_n(row(0), dim, row(key));
        if (kind == ValuesOf::pairs) std::copy_n(row(key / 2 * 2), dim, row(key));
        // Whole multiples of two rows are exactly of rank 2.
        if (kind == ValuesOf::low_rank && key > 1) {
            const auto a = static_cast<double>(random.below(9)) - 4, b = static_cast<double>(random.below(9)) - 4;
            for (int64_t k = 0; k < dim; ++k) row(key)[k] = a * row(0)[k] + b * row(1)[k];
        }
    }
    return values;
}

Head random_head(int64_t keys, int64_t dim, const RowsOf& rows, ValuesOf values, bool causal, RandomSequence& random) {
    Head head{keys, dim, {.keys = keys, .causal = causal}, {}, random_values(keys, dim, values, random)};
    std::vector<float> weights(static_cast<size_t>(keys * keys), 0.0f);
    for (int64_t query = 0; query < keys; ++query) {
        const int64_t allowed = head.allowed.of(query);
        const auto row = weights.begin() + query * keys;
        const auto certain = static_cast<int64_t>(random.below(static_cast<uint64_t>(allowed)));
        for (int64_t key = 0; key < allowed; ++key) row[key] = rows.temperature * random.normal();
        const float greatest = *std::max_element(row, row + allowed);
        float sum = 0;
        for (int64_t key = 0; key < allowed; ++key) {
            row[key] = key != certain && random.uniform() < rows.zeros ? 0.0f : std::exp(row[key] - greatest);
            sum += row[key];
        }
        for (int64_t key = 0; key < allowed; ++key) row[key] /= sum;
    }
    head.weights = distributions(weights, keys, keys, head.allowed);
    return head;
}

/// What is found of many heads.
class Findings {
public:
    void add(const Head& head, const LeastNormAttention& result, double seconds) {
        ++heads_;
        seconds_ += seconds;
        for (const LeastNormRow& row : result.rows) {
            ++rows_;
            ++methods_[static_cast<size_t>(row.method)];
            most_iterations_ = std::max(most_iterations_, row.iterations);
            if (row.method == LeastNormMethod::newton || row.method == LeastNormMethod::active_set) {
                iterations_ += row.iterations;
            }
            if (row.method != LeastNormMethod::given_row) optimality_ = std::max(optimality_, row.optimality_error);
        }
        double error = 0, scale = 0;
        for (int64_t query = 0; query < head.keys; ++query) {
            const double* a = head.weights.data() + query * head.keys;
            const double* least = result.weights.data() + query * head.keys;
            sum_ = std::max(sum_, std::abs(std::accumulate(least, least + head.keys, 0.0) - 1));
            least_ = std::min(least_, *std::min_element(least, least + head.keys));
            for (int64_t key = head.allowed.of(query); key < head.keys; ++key) masked_ += least[key] != 0 ? 1 : 0;
            for (int64_t column = 0; column < head.dim; ++column) {
                double wanted = 0, got = 0;
                for (int64_t key = 0; key < head.keys; ++key) {
                    const double value = head.values[static_cast<size_t>(key * head.dim + column)];
                    wanted += a[key] * value;
                    got += least[key] * value;
                }
                error = std::max(error, std::abs(got - wanted));
                scale = std::max(scale, std::abs(wanted));
            }
        }
        if (error > 0) error_ = std::max(error_, error / scale);
    }

    static void print_header(const char* what) {
        fmt::print("\n{:<34}{:>7}{:>9}{:>10}{:>8}{:>8}{:>8}{:>7}{:>11}{:>9}{:>9}{:>11}{:>9}{:>7}\n", what, "heads",
                   "rows", "unchanged", "affine", "newton", "active", "given", "steps/most", "error", "sum",
                   "optimality", "ms/row", "s/head");
    }

    void print(const std::string& name) const {
        fmt::print("{:<34}{:>7}{:>9}", name, heads_, rows_);
        const int widths[] = {10, 8, 8, 8, 7};
        for (size_t method = 0; method < methods_.size(); ++method)
            fmt::print("{:>{}}", methods_[method], widths[method]);
        const int64_t solved = methods_[static_cast<size_t>(LeastNormMethod::newton)] +
                               methods_[static_cast<size_t>(LeastNormMethod::active_set)];
        fmt::print("{:>7.0f}/{:<3}{:>9.0e}{:>9.0e}{:>11.0e}{:>9.3f}{:>7.2f}",
                   static_cast<double>(iterations_) / static_cast<double>(std::max<int64_t>(1, solved)),
                   most_iterations_, error_, sum_, optimality_,
                   1e3 * seconds_ / static_cast<double>(std::max<int64_t>(1, rows_)),
                   seconds_ / static_cast<double>(std::max<int64_t>(1, heads_)));
        fmt::print("{}{}\n", least_ < 0 ? " NEGATIVE" : "", masked_ > 0 ? " MASKED KEYS" : "");
    }

private:
    int64_t heads_ = 0, rows_ = 0, iterations_ = 0, masked_ = 0;
    std::array<int64_t, least_norm_methods> methods_ = {};
    int most_iterations_ = 0;
    double error_ = 0, sum_ = 0, optimality_ = 0, seconds_ = 0, least_ = 0;
};

void measure(const Head& head, Findings& findings) {
    const double start = seconds_now();
    const LeastNormAttention result = least_norm_attention(head.view());
    const double seconds = seconds_now() - start;
    findings.add(head, result, seconds);
}

void run(int argc, char** argv) {
    const int64_t heads = argc > 1 ? std::atoll(argv[1]) : 10000;
    set_thread_count(1);
    RandomSequence random(random_key(1, RandomPurpose::initialisation, "bench of least-norm attention"));
    constexpr int64_t sizes[] = {1, 2, 3, 5, 8, 12, 16, 24, 33, 48, 64}, dims[] = {1, 2, 4, 8, 16, 32, 64};
    constexpr int64_t groups = std::size(kinds_of_rows) * 2;
    Findings::print_header("rows");
    for (const RowsOf& rows : kinds_of_rows) {
        for (const bool causal : {false, true}) {
            Findings findings;
            for (int64_t i = 0; i < (heads + groups - 1) / groups; ++i) {
                const int64_t keys = sizes[random.below(std::size(sizes))], dim = dims[random.below(std::size(dims))];
                measure(random_head(keys, dim, rows, static_cast<ValuesOf>(i % kinds_of_values), causal, random),
                        findings);
            }
            findings.print(std::string(rows.name) + (causal ? ", causal" : ""));
        }
    }
    Findings::print_header("keys, head size, rows");
    for (const int64_t keys : {128, 512}) {
        for (const int64_t dim : {16, 64}) {
            for (const RowsOf& rows : kinds_of_rows) {
                Findings findings;
                measure(random_head(keys, dim, rows, ValuesOf::normal, false, random), findings);
                findings.print(fmt::format("{} x {}, {}", keys, dim, rows.name));
            }
            Findings causal;
            measure(random_head(keys, dim, kinds_of_rows[0], ValuesOf::normal, true, random), causal);
            causal.print(fmt::format("{} x {}, {}, causal", keys, dim, kinds_of_rows[0].name));
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    return heed::bench_main([&] { run(argc, argv); });
}
