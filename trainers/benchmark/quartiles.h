#pragma once

#include <vector>

namespace heed {

/// Median and quartiles of a sample: between two values they are interpolated.
struct Quartiles {
    double low = 0.0;
    double median = 0.0;
    double high = 0.0;
};

/// All NaN where the sample is empty.
Quartiles quartiles_of(std::vector<double> values);

}  // namespace heed
