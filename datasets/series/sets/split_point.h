#pragma once

#include <cstdint>
#include <string>

#include "heed/datasets/series/time_series.h"

namespace heed {

/// How long a part at the end of a series is, as a recipe says it: a share ("20%", "0.2"), a number of rows ("2880"),
/// or the date of its first row. UserError that names `key` where the text is none of these.
class SplitPoint {
public:
    SplitPoint(const std::string& key, const std::string& text);

    /// The first row of the part, which ends in front of row `end`. UserError where the series has fewer rows, or none
    /// of that date.
    int64_t begin(const TimeSeries& series, int64_t end) const;

private:
    enum class Unit { share, rows, date };

    std::string key_, text_;
    Unit unit_ = Unit::rows;
    double share_ = 0.0;
    int64_t number_ = 0;  // rows, or the date
};

}  // namespace heed
