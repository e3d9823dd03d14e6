#pragma once

#include <string>
#include <vector>

namespace heed {

struct Tick {
    double value = 0.0;
    std::string label;
};

/// A range of values along one side of a chart.
struct Axis {
    double low = 0.0;
    double high = 1.0;
    bool logarithmic = false;
    std::vector<Tick> ticks;  ///< within the range

    /// 0 at `low`, 1 at `high`; NaN for what a logarithmic axis cannot show.
    double position(double value) const;
};

/// About `count` ticks at multiples of 1, 2 or 5 times a power of ten. The range is widened to the next ticks.
Axis rounded_axis(double low, double high, int count);

/// The same ticks within exactly this range; only whole numbers.
Axis whole_number_axis(double low, double high, int count);

/// `low` must be positive.
Axis logarithmic_axis(double low, double high);

/// From the least to the greatest of some positive values, with ticks at these where they have room.
Axis logarithmic_axis_at(std::vector<double> values);

}  // namespace heed
