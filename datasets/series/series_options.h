#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heed/core/settings/fields.h"

namespace heed {

/// What a window is normalised by before a model sees it.
enum class WindowNorm : uint8_t { none, last, mean };

/// Settings that every data set of time series knows (`data.*` of a recipe).
struct SeriesOptions : Options {
    std::string root;
    int64_t batch = 32;
    std::vector<std::string> columns;
    std::vector<std::string> targets;
    int64_t window = 96;
    int64_t label = 48;
    int64_t horizon = 24;
    int64_t stride = 1;
    std::string normalise = "last";
    int64_t season = 0;

    void describe(Fields& fields) override;
    void validate() const override;

    WindowNorm window_norm() const;
};

}  // namespace heed
