#pragma once

// Products of matrices with their data, and what they are.

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "heed/core/device/device.h"
#include "heed/core/reference/address.h"
#include "heed/tests/support/kernel_paths.h"

namespace heed::test {

inline std::size_t index(int64_t i) {
    return static_cast<std::size_t>(i);
}

/// A product with its data. Gaps between rows and matrices of c must stay as they are.
struct Problem {
    MatrixProduct product;
    std::vector<float> a, b, c, bias;
};

struct Extras {
    float alpha = 1;
    float beta = 0;
    bool bias = false;
    int64_t gap = 0;  ///< floats between the rows of every matrix
    int64_t batch = 1;
    bool share_a = false, share_b = false, share_c = false;
};

inline Problem make_problem(int64_t rows, int64_t columns, int64_t inner, bool transpose_a, bool transpose_b,
                            const Extras& extras, uint32_t seed = 1) {
    Problem problem;
    MatrixProduct& p = problem.product;
    p.transpose_a = transpose_a;
    p.transpose_b = transpose_b;
    p.rows = rows;
    p.columns = columns;
    p.inner = inner;
    p.alpha = extras.alpha;
    p.beta = extras.beta;
    p.batch = extras.batch;
    p.a_row_stride = (transpose_a ? rows : inner) + extras.gap;
    p.b_row_stride = (transpose_b ? inner : columns) + extras.gap;
    p.c_row_stride = columns + extras.gap;
    const int64_t a_size = (transpose_a ? inner : rows) * p.a_row_stride;
    const int64_t b_size = (transpose_b ? columns : inner) * p.b_row_stride;
    const int64_t c_size = rows * p.c_row_stride;
    p.a_batch_stride = extras.share_a ? 0 : a_size;
    p.b_batch_stride = extras.share_b ? 0 : b_size;
    p.c_batch_stride = extras.share_c ? 0 : c_size;
    problem.a = numbers(a_size * (extras.share_a ? 1 : extras.batch), seed);
    problem.b = numbers(b_size * (extras.share_b ? 1 : extras.batch), seed + 1);
    problem.c = numbers(c_size * (extras.share_c ? 1 : extras.batch), seed + 2);
    // With beta = 0 nothing of the old content may come through.
    if (extras.beta == 0) problem.c.assign(problem.c.size(), not_a_number);
    if (extras.bias) problem.bias = numbers(columns, seed + 3);
    return problem;
}

/// The c of the product, computed by function(product) on matrices that begin `offset` floats after aligned addresses.
template <class Compute>
std::vector<float> compute(const Compute& function, bool reference, const Problem& problem, std::size_t offset = 0) {
    const auto moved = [&](const std::vector<float>& data) {
        std::vector<float> result(offset, not_a_number);
        result.insert(result.end(), data.begin(), data.end());
        return result;
    };
    const auto at = [&](auto& data) {
        if (data.size() == offset) return decltype(data.data()){nullptr};
        return (reference ? to_reference_address(data.data()) : data.data()) + offset;
    };
    const std::vector<float> a = moved(problem.a), b = moved(problem.b), bias = moved(problem.bias);
    std::vector<float> c = moved(problem.c);
    MatrixProduct p = problem.product;
    p.a = at(a);
    p.b = at(b);
    p.c = at(c);
    p.bias = at(bias);
    function(p);
    c.erase(c.begin(), c.begin() + static_cast<std::ptrdiff_t>(offset));
    return c;
}

/// The definition in double, and for each element the sum of the magnitudes of what was added, which bounds the
/// rounding error.
struct Expected {
    std::vector<double> value, magnitude;
    std::vector<bool> written;
};

inline Expected expect(const Problem& problem) {
    const MatrixProduct& p = problem.product;
    Expected expected{{problem.c.begin(), problem.c.end()},
                      std::vector<double>(problem.c.size()),
                      std::vector<bool>(problem.c.size())};
    for (int64_t i = 0; i < p.batch; ++i) {
        for (int64_t row = 0; row < p.rows; ++row) {
            for (int64_t column = 0; column < p.columns; ++column) {
                const std::size_t at = index(i * p.c_batch_stride + row * p.c_row_stride + column);
                double sum = 0, magnitude = 0;
                for (int64_t k = 0; k < p.inner; ++k) {
                    const int64_t a =
                        i * p.a_batch_stride + (p.transpose_a ? k * p.a_row_stride + row : row * p.a_row_stride + k);
                    const int64_t b = i * p.b_batch_stride +
                                      (p.transpose_b ? column * p.b_row_stride + k : k * p.b_row_stride + column);
                    const double term = double{p.alpha} * double{problem.a[index(a)]} * double{problem.b[index(b)]};
                    sum += term;
                    magnitude += std::abs(term);
                }
                const double old = p.beta == 0 ? 0 : double{p.beta} * expected.value[at];
                const double bias = problem.bias.empty() ? 0 : double{problem.bias[index(column)]};
                expected.value[at] = sum + old + bias;
                expected.magnitude[at] += magnitude + std::abs(old) + std::abs(bias);
                expected.written[at] = true;
            }
        }
    }
    return expected;
}

/// `bound` is relative to the sum of the magnitudes of what is added up.
inline void check_result(const Problem& problem, const std::vector<float>& c, double bound = 1e-6) {
    const Expected expected = expect(problem);
    for (std::size_t i = 0; i < c.size(); ++i) {
        if (expected.written[i]) {
            ASSERT_LE(std::abs(c[i] - expected.value[i]), bound * expected.magnitude[i])
                << "c[" << i << "] is " << c[i] << ", expected " << expected.value[i];
        } else {
            ASSERT_EQ(0, std::memcmp(&c[i], &problem.c[i], sizeof(float)))
                << "c[" << i << "] in a gap has become " << c[i];
        }
    }
}

template <class Body>
void for_each_transposition(const Body& body) {
    for (bool transpose_a : {false, true}) {
        for (bool transpose_b : {false, true}) {
            body(transpose_a, transpose_b);
            if (testing::Test::HasFatalFailure()) return;
        }
    }
}

}  // namespace heed::test
