#pragma once

#include <cmath>
#include <cstdint>

namespace heed::pseudo_inverse_detail {

/// The column of the greatest sum, or the first whose sum is no number.
struct GreatestColumn {
    int64_t column = 0;
    double sum = 0.0;
};

inline GreatestColumn greatest_column(const float* a, int64_t size) {
    GreatestColumn greatest;
    for (int64_t column = 0; column < size; ++column) {
        double sum = 0.0;
        for (int64_t row = 0; row < size; ++row) sum += static_cast<double>(a[row * size + column]);
        if (column == 0 || sum > greatest.sum || std::isnan(sum)) greatest = {column, sum};
        if (std::isnan(sum)) break;
    }
    return greatest;
}

inline void start_of(const float* a, float* start, int64_t size) {
    const double sum = greatest_column(a, size).sum;
    for (int64_t row = 0; row < size; ++row) {
        for (int64_t column = 0; column < size; ++column) {
            start[row * size + column] = static_cast<float>(static_cast<double>(a[column * size + row]) / sum);
        }
    }
}

inline void start_backward_of(const float* a, const float* d_start, float* d_a, int64_t size) {
    const GreatestColumn greatest = greatest_column(a, size);
    double d_sum = 0.0;
    for (int64_t row = 0; row < size; ++row) {
        for (int64_t column = 0; column < size; ++column) {
            const double d = static_cast<double>(d_start[column * size + row]) / greatest.sum;
            d_a[row * size + column] = static_cast<float>(d);
            d_sum -= d * static_cast<double>(a[row * size + column]) / greatest.sum;
        }
    }
    for (int64_t row = 0; row < size; ++row) d_a[row * size + greatest.column] += static_cast<float>(d_sum);
}

}  // namespace heed::pseudo_inverse_detail
