#pragma once

#include "heed/datasets/series/series_data.h"
#include "heed/trainers/forecasts/forecast_facts.h"
#include "heed/trainers/forecasts/forecast_task.h"
#include "heed/trainers/kinds/workload.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {

/// Forecasting of time series.
class ForecastWorkload final : public Workload {
public:
    /// `known`: null, or the facts of a checkpoint, whose scaling is used.
    ForecastWorkload(const Recipe& recipe, Context& context, const SharedFacts& known);
    ForecastWorkload(TrainedModel& trained, Context& context);

    Task& task() override { return task_; }
    const SharedFacts& facts() const override { return facts_; }
    int64_t most_tokens() const override { return model_.geometry().window; }
    int64_t attention_weights() const override;
    std::vector<std::string> changed_data() const override;
    std::vector<std::string> description() override;
    void add_to_report(ReportInput& input, const Evaluation& test) override;

private:
    const ForecastFacts& forecast_facts() const;
    /// Throws UserError where a part has no window.
    ForecastData windows() const;

    const Recipe& recipe_;
    SeriesData data_;
    SharedFacts facts_;
    std::unique_ptr<Forecaster> own_model_;  // null where it is another's
    Forecaster& model_;
    ForecastTask task_;
};

}  // namespace heed
