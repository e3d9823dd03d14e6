#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace heed {

/// The probability that a variable with Student's t distribution of so many degrees of freedom is at most `t`.
double student_probability(double t, double freedom);

/// The t that it is at most with this probability, which lies between 0 and 1. Throws Error for others.
double student_quantile(double probability, double freedom);

/// Of a sample.
struct Summary {
    int64_t count = 0;
    double mean = 0.0;       ///< NaN where the sample is empty
    double deviation = 0.0;  ///< standard deviation with count - 1; NaN for fewer than two
};

Summary summary_of(std::span<const double> values);

struct Interval {
    double low = 0.0;
    double high = 0.0;
};

/// The interval that holds the mean of the population with this confidence (0.95), by Student's t; nothing for fewer
/// than two values. Paired differences of two methods are such values.
std::optional<Interval> mean_interval(std::span<const double> values, double confidence);

}  // namespace heed
