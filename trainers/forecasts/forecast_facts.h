#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heed/datasets/series/series_windows.h"
#include "heed/layers/models/forecaster.h"
#include "heed/trainers/kinds/data_facts.h"

namespace heed {

/// How a time series has to be given to a forecaster.
struct ForecastFacts final : DataFacts {
    static constexpr const char* kind_name = "time series";

    std::vector<std::string> columns;  ///< that it reads
    SeriesScale scale;                 ///< of these, of the training rows
    WindowShape shape;
    TimeStep step;
    int64_t season = 0;  ///< rows; 0: none is known

    /// Reads `details` back. Throws as TrainingKind::read_details.
    static std::unique_ptr<ForecastFacts> from_details(const std::string& json);

    const TrainingKind& kind() const override;
    std::string details() const override;

    SeriesGeometry geometry() const;
    /// The name of target number `target`.
    const std::string& target(int64_t target) const;
    /// "96 rows to 24, of OT from HUFL and OT"
    std::string text() const;
};

/// What settings of a data set say of windows of a series with these columns.
WindowShape window_shape(const SeriesOptions& options, const std::vector<std::string>& columns);

}  // namespace heed
