#include "heed/attention/explanation/least_norm_attention.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "heed/attention/explanation/effective_attention.h"
#include "heed/attention/explanation/random_attention.h"
#include "heed/core/error.h"
#include "heed/core/parallel.h"
#include "heed/tests/attention/explanation/random_head.h"
#include "heed/tests/support/close.h"

namespace heed::test::least_norm_attention_test {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::Map<const Matrix> matrix(const std::vector<double>& values, int64_t rows, int64_t columns) {
    return {values.data(), rows, columns};
}

double norm(std::span<const double> row) {
    return std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
}

std::span<const double> row_of(const std::vector<double>& weights, const RandomHead& head, int64_t query) {
    return std::span(weights).subspan(static_cast<size_t>(query * head.keys), static_cast<size_t>(head.keys));
}

/// Greatest |A'T - A T| over greatest |A T|.
double output_error(const RandomHead& head, const std::vector<double>& weights) {
    const auto values = matrix(head.values, head.keys, head.dim);
    const Matrix wanted = matrix(head.weights, head.queries, head.keys) * values;
    const Matrix got = matrix(weights, head.queries, head.keys) * values;
    return (got - wanted).cwiseAbs().maxCoeff() / std::max(1e-300, wanted.cwiseAbs().maxCoeff());
}

void expect_distributions(const RandomHead& head, const std::vector<double>& weights) {
    for (int64_t query = 0; query < head.queries; ++query) {
        double sum = 0;
        for (int64_t key = 0; key < head.keys; ++key) {
            const double weight = row_of(weights, head, query)[static_cast<size_t>(key)];
            ASSERT_GE(weight, 0.0) << query << ' ' << key;
            if (key >= head.allowed.of(query)) {
                ASSERT_EQ(weight, 0.0) << query << ' ' << key;
            }
            sum += weight;
        }
        ASSERT_NEAR(sum, head.allowed.of(query) > 0 ? 1.0 : 0.0, 1e-12) << query;
    }
}

double greatest_difference(const std::vector<double>& a, const std::vector<double>& b) {
    double greatest = 0;
    for (size_t i = 0; i < a.size(); ++i) greatest = std::max(greatest, std::abs(a[i] - b[i]));
    return greatest;
}

/// All of what a result has to be, beside its optimality: exact, distributions, norms between those of the effective
/// part and of A.
void expect_sound(const RandomHead& head, const LeastNormAttention& result) {
    EXPECT_LE(output_error(head, result.weights), 1e-10);
    expect_distributions(head, result.weights);
    const std::vector<double> effective = effective_attention(head.view());
    for (int64_t query = 0; query < head.queries; ++query) {
        const LeastNormRow& row = result.rows[static_cast<size_t>(query)];
        EXPECT_NE(row.method, LeastNormMethod::given_row) << query;
        EXPECT_LE(row.optimality_error, 1e-9) << query;
        const double least = norm(row_of(result.weights, head, query));
        EXPECT_LE(least, norm(row_of(head.weights, head, query)) * (1 + 1e-14)) << query;
        EXPECT_GE(least, norm(row_of(effective, head, query)) * (1 - 1e-12)) << query;
    }
}

/// The optimum of a small row by trying every support: among the supports on which the vector of least norm with the
/// output is nowhere negative, that of the least norm.
std::vector<double> optimum_by_supports(const RandomHead& head, int64_t query) {
    const int64_t keys = head.allowed.of(query);
    Matrix constraints(keys, head.dim + 1);  // [T, 1]
    constraints << matrix(head.values, head.keys, head.dim).topRows(keys), Eigen::VectorXd::Ones(keys);
    const Eigen::VectorXd a = matrix(head.weights, head.queries, head.keys).row(query).head(keys);
    const Eigen::VectorXd wanted = constraints.transpose() * a;
    std::vector<double> best(static_cast<size_t>(head.keys), 0.0);
    double best_norm = std::numeric_limits<double>::infinity();
    for (int support = 1; support < (1 << keys); ++support) {
        std::vector<int64_t> used;
        for (int64_t key = 0; key < keys; ++key) {
            if (support >> key & 1) used.push_back(key);
        }
        Eigen::MatrixXd some(head.dim + 1, static_cast<int64_t>(used.size()));
        for (size_t k = 0; k < used.size(); ++k) some.col(static_cast<int64_t>(k)) = constraints.row(used[k]);
        Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> factor;
        factor.setThreshold(1e-11);
        factor.compute(some);
        const Eigen::VectorXd x = factor.solve(wanted);
        if ((some * x - wanted).cwiseAbs().maxCoeff() > 1e-10 || x.minCoeff() < -1e-12) continue;
        if (x.norm() >= best_norm) continue;
        best_norm = x.norm();
        std::fill(best.begin(), best.end(), 0.0);
        for (size_t k = 0; k < used.size(); ++k) best[static_cast<size_t>(used[k])] = x[static_cast<int64_t>(k)];
    }
    return best;
}

TEST(LeastNormAttention, IsExactAndOptimalForManySizesAndTemperatures) {
    uint32_t seed = 0;
    for (const int64_t keys : {2, 9, 40}) {
        for (const int64_t dim : {1, 4, 16}) {
            for (const RowKind kind : row_kinds) {
                for (const bool causal : {false, true}) {
                    SCOPED_TRACE(std::to_string(keys) + ' ' + std::to_string(dim) + ' ' + row_kind_name(kind) +
                                 (causal ? " causal" : ""));
                    const RandomHead head =
                        random_head({.keys = keys, .dim = dim, .kind = kind, .causal = causal}, ++seed);
                    expect_sound(head, least_norm_attention(head.view()));
                }
            }
        }
    }
}

TEST(LeastNormAttention, AgreesWithASearchOfAllSupports) {
    uint32_t seed = 100;
    for (const int64_t keys : {4, 7}) {
        for (const int64_t dim : {1, 3}) {
            for (const RowKind kind : row_kinds) {
                SCOPED_TRACE(std::to_string(keys) + ' ' + std::to_string(dim) + ' ' + row_kind_name(kind));
                const RandomHead head =
                    random_head({.keys = keys, .dim = dim, .kind = kind, .causal = (seed & 1) != 0}, ++seed);
                const LeastNormAttention result = least_norm_attention(head.view());
                for (int64_t query = 0; query < head.queries; ++query) {
                    const std::vector<double> wanted = optimum_by_supports(head, query);
                    const auto got = row_of(result.weights, head, query);
                    for (size_t key = 0; key < wanted.size(); ++key) ASSERT_NEAR(got[key], wanted[key], 1e-9);
                }
            }
        }
    }
}

TEST(LeastNormAttention, LeavesRowsThatHaveNoFreedomAsTheyAre) {
    const RandomHead head = random_head({.keys = 12, .dim = 16}, 7);
    const LeastNormAttention result = least_norm_attention(head.view());
    EXPECT_EQ(result.weights, head.weights);
    for (const LeastNormRow& row : result.rows) EXPECT_EQ(row.method, LeastNormMethod::unchanged);

    const RandomHead causal = random_head({.keys = 12, .dim = 4, .causal = true}, 8);
    const LeastNormAttention rows = least_norm_attention(causal.view());
    for (int64_t query = 0; query < 12; ++query) {
        const LeastNormRow& row = rows.rows[static_cast<size_t>(query)];
        EXPECT_EQ(row.keys, query + 1);
        EXPECT_EQ(row.rank, std::min<int64_t>(query + 1, 5));
        EXPECT_EQ(row.method == LeastNormMethod::unchanged, query < 5) << query;
    }
}

TEST(LeastNormAttention, IsUniformWhereAllValuesAreEqual) {
    for (const double value : {0.0, 0.1, -3.7e5}) {
        RandomHead head = random_head({.keys = 9, .dim = 3, .causal = true}, 9);
        std::fill(head.values.begin(), head.values.end(), value);
        const LeastNormAttention result = least_norm_attention(head.view());
        for (int64_t query = 0; query < head.queries; ++query) {
            EXPECT_EQ(result.rows[static_cast<size_t>(query)].rank, 1);
            for (int64_t key = 0; key <= query; ++key) {
                EXPECT_NEAR(row_of(result.weights, head, query)[static_cast<size_t>(key)], 1.0 / double(query + 1),
                            1e-15);
            }
        }
    }
}

TEST(LeastNormAttention, GivesKeysWithEqualValuesEqualWeights) {
    RandomHead head = random_head({.keys = 20, .dim = 6, .kind = RowKind::sharp}, 10);
    std::copy_n(head.values.begin() + 3 * 6, 6, head.values.begin() + 11 * 6);
    const LeastNormAttention result = least_norm_attention(head.view());
    for (int64_t query = 0; query < head.queries; ++query) {
        const auto row = row_of(result.weights, head, query);
        EXPECT_NEAR(row[3], row[11], 1e-12);
    }
}

TEST(LeastNormAttention, OfOneHotOnAnExtremeValueIsItself) {
    RandomHead head = random_head({.keys = 30, .dim = 4, .kind = RowKind::one_hot}, 11);
    // Nothing else averages to values that lie outside of the hull of the others.
    for (int64_t column = 0; column < 4; ++column) head.values[static_cast<size_t>(17 * 4 + column)] = 50;
    std::fill(head.weights.begin(), head.weights.end(), 0.0);
    for (int64_t query = 0; query < head.queries; ++query) head.weights[static_cast<size_t>(query * 30 + 17)] = 1;
    const LeastNormAttention result = least_norm_attention(head.view());
    EXPECT_LE(greatest_difference(result.weights, head.weights), 1e-12);
}

TEST(LeastNormAttention, DoesNotDependOnAValueBiasOrAMixOfColumns) {
    const RandomHead head = random_head({.keys = 40, .dim = 8, .kind = RowKind::sharp}, 12);
    const std::vector<double> plain = least_norm_attention(head.view()).weights;

    RandomHead biased = head;
    for (size_t i = 0; i < biased.values.size(); ++i) biased.values[i] += 3.0 + static_cast<double>(i % 8);
    EXPECT_LE(greatest_difference(least_norm_attention(biased.view()).weights, plain), 1e-10);
    const double moved = greatest_difference(effective_attention(biased.view()), effective_attention(head.view()));
    EXPECT_GT(moved, 1e-3);  // unlike the effective part

    RandomHead mixed = head;
    std::mt19937 random(3);
    std::normal_distribution<double> normal;
    Eigen::MatrixXd mix(8, 11);  // as a slice of the output projection, of full row rank
    for (double& value : mix.reshaped()) value = normal(random);
    const Matrix product = matrix(head.values, 40, 8) * mix;
    mixed.dim = 11;
    mixed.values.assign(product.data(), product.data() + product.size());
    EXPECT_LE(greatest_difference(least_norm_attention(mixed.view()).weights, plain), 1e-10);
}

TEST(LeastNormAttention, FollowsThePermutationOfTheKeys) {
    const RandomHead head = random_head({.keys = 30, .dim = 5, .kind = RowKind::sharp}, 13);
    std::vector<int64_t> order(30);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), std::mt19937(5));
    RandomHead permuted = head;
    const auto permute = [&](const std::vector<double>& weights) {
        std::vector<double> result(weights.size());
        for (int64_t query = 0; query < 30; ++query) {
            for (int64_t key = 0; key < 30; ++key) {
                result[static_cast<size_t>(query * 30 + key)] =
                    weights[static_cast<size_t>(query * 30 + order[static_cast<size_t>(key)])];
            }
        }
        return result;
    };
    permuted.weights = permute(head.weights);
    for (int64_t key = 0; key < 30; ++key) {
        std::copy_n(head.values.begin() + order[static_cast<size_t>(key)] * 5, 5, permuted.values.begin() + key * 5);
    }
    EXPECT_LE(greatest_difference(least_norm_attention(permuted.view()).weights,
                                  permute(least_norm_attention(head.view()).weights)),
              1e-10);
}

TEST(LeastNormAttention, IsThatOfItself) {
    for (const RowKind kind : row_kinds) {
        RandomHead head = random_head({.keys = 40, .dim = 8, .kind = kind}, 14);
        const std::vector<double> once = least_norm_attention(head.view()).weights;
        head.weights = once;
        EXPECT_LE(greatest_difference(least_norm_attention(head.view()).weights, once), 1e-10) << row_kind_name(kind);
    }
}

TEST(LeastNormAttention, IsTheDistributionNearestToTheEffectivePart) {
    const RandomHead head = random_head({.keys = 40, .dim = 8}, 15);
    const std::vector<double> effective = effective_attention(head.view());
    const std::vector<double> least = least_norm_attention(head.view()).weights;
    const auto distance = [&](const std::vector<double>& weights, int64_t query) {
        return (matrix(weights, 40, 40) - matrix(effective, 40, 40)).row(query).norm();
    };
    for (const uint64_t seed : {1, 2, 3}) {
        const std::vector<double> other = random_equivalent_attention(head.view(), least, seed);
        for (int64_t query = 0; query < 40; ++query) {
            EXPECT_LT(distance(least, query), distance(other, query));
            EXPECT_LT(distance(least, query), distance(head.weights, query));
        }
    }
}

TEST(LeastNormAttention, HasTheSameBitsWithAnyNumberOfThreads) {
    const int before = thread_count();
    for (const bool causal : {false, true}) {
        const RandomHead head = random_head({.keys = 90, .dim = 16, .kind = RowKind::sharp, .causal = causal}, 16);
        set_thread_count(1);
        const std::vector<double> one = least_norm_attention(head.view()).weights;
        set_thread_count(3);
        EXPECT_EQ(least_norm_attention(head.view()).weights, one);
    }
    set_thread_count(before);
}

TEST(LeastNormAttention, CountsPaddingAndQueriesWithoutKeys) {
    RandomHead head = random_head({.keys = 20, .dim = 3, .real_keys = 13}, 17);
    LeastNormAttention result = least_norm_attention(head.view());
    expect_sound(head, result);
    for (const LeastNormRow& row : result.rows) EXPECT_EQ(row.keys, 13);

    head = random_head({.keys = 20, .dim = 3, .real_keys = 0}, 18);
    result = least_norm_attention(head.view());
    EXPECT_EQ(result.weights, std::vector<double>(400, 0.0));
    for (const LeastNormRow& row : result.rows) EXPECT_EQ(row.keys, 0);

    head = random_head({.keys = 0, .dim = 3}, 19);
    EXPECT_TRUE(least_norm_attention(head.view()).weights.empty());
    EXPECT_TRUE(effective_attention(head.view()).empty());
}

TEST(LeastNormAttention, RefusesWhatIsNoDistribution) {
    const auto refuses = [](auto change) {
        RandomHead head = random_head({.keys = 6, .dim = 2, .causal = true}, 20);
        change(head);
        EXPECT_THROW(least_norm_attention(head.view()), Error);
        EXPECT_THROW(effective_attention(head.view()), Error);
    };
    refuses([](RandomHead& head) { head.weights[8] = -0.1; });
    refuses([](RandomHead& head) { head.weights[8] = NAN; });
    refuses([](RandomHead& head) { head.weights[6] *= 1 + 1e-6; });
    refuses([](RandomHead& head) { head.weights[3] = 1e-9; });  // a key behind the query
    refuses([](RandomHead& head) { head.values[3] = INFINITY; });
    refuses([](RandomHead& head) { head.values.pop_back(); });
    refuses([](RandomHead& head) { head.allowed.keys = 7; });
}

TEST(LeastNormAttention, TakesRoundingNoiseForNothingWhereValuesWereComputedInFloats) {
    // Rows 4 .. 7 are rows 0 .. 3 up to rounding.
    RandomHead head = random_head({.keys = 24, .dim = 16}, 21);
    for (size_t i = 0; i < size_t{4} * 16; ++i) head.values[i + 4 * 16] = head.values[i] * (1 + 1e-7 * double(i % 3));
    for (int64_t row = 8; row < 24; ++row) {
        for (int64_t column = 0; column < 16; ++column) {
            head.values[static_cast<size_t>(row * 16 + column)] =
                head.values[static_cast<size_t>(row % 8 * 16 + column)];
        }
    }
    EXPECT_EQ(least_norm_attention(head.view()).rows[0].rank, 8);
    const LeastNormAttention rounded = least_norm_attention(head.view(), float_values);
    EXPECT_EQ(rounded.rows[0].rank, 4);
    EXPECT_LE(output_error(head, rounded.weights), 1e-5);
    EXPECT_NEAR(rounded.weights[0], rounded.weights[4], 1e-6);
}

TEST(EffectiveAttention, HasTheOutputAndNoPartInTheNullSpace) {
    for (const bool causal : {false, true}) {
        const RandomHead head = random_head({.keys = 30, .dim = 5, .causal = causal}, 22);
        const std::vector<double> effective = effective_attention(head.view());
        EXPECT_LE(output_error(head, effective), 1e-12);
        for (int64_t query = 0; query < 30; ++query) {
            const int64_t keys = head.allowed.of(query);
            const Matrix values = matrix(head.values, 30, 5).topRows(keys);
            const Eigen::VectorXd row = matrix(effective, 30, 30).row(query).head(keys);
            // In the span of the columns: what is left after a least-squares fit is nothing.
            const Eigen::VectorXd fit = values * values.colPivHouseholderQr().solve(row);
            EXPECT_LE((fit - row).norm(), 1e-12);
            for (int64_t key = keys; key < 30; ++key) EXPECT_EQ(matrix(effective, 30, 30)(query, key), 0.0);
        }
    }
}

TEST(Controls, ARandomEquivalentHasTheOutputAndAClippedEffectivePartHasNot) {
    for (const RowKind kind : row_kinds) {
        const RandomHead head = random_head({.keys = 40, .dim = 6, .kind = kind, .causal = kind == RowKind::flat}, 23);
        const std::vector<double> least = least_norm_attention(head.view()).weights;
        const std::vector<double> other = random_equivalent_attention(head.view(), least, 5);
        EXPECT_LE(output_error(head, other), 1e-10) << row_kind_name(kind);
        expect_distributions(head, other);
        EXPECT_EQ(random_equivalent_attention(head.view(), least, 5), other);
        EXPECT_GT(greatest_difference(random_equivalent_attention(head.view(), least, 6), other), 1e-4);
        EXPECT_GT(greatest_difference(other, least), 1e-3) << row_kind_name(kind);
        EXPECT_GT(greatest_difference(other, head.weights), 1e-3) << row_kind_name(kind);

        const std::vector<double> clipped = clipped_effective_attention(head.view(), effective_attention(head.view()));
        expect_distributions(head, clipped);
        EXPECT_GT(output_error(head, clipped), 1e-3) << row_kind_name(kind);
    }
}

}  // namespace
}  // namespace heed::test::least_norm_attention_test
