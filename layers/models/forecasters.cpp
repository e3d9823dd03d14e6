#include "heed/layers/models/forecasters.h"

namespace heed {

std::span<const ForecasterType> forecaster_types() {
    static constexpr ForecasterType types[] = {
        {.name = "forecaster",
         .summary = "encoder-decoder transformer that says the next rows of a time series at once",
         .make_options = new_model_options<ForecasterOptions>,
         .make =
             [](const Options& options, const ForecasterAttention& attention, const SeriesGeometry& series) {
                 return make_forecaster(dynamic_cast<const ForecasterOptions&>(options), attention, series);
             }},
    };
    return types;
}

}  // namespace heed
