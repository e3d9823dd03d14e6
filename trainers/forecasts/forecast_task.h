#pragma once

#include <span>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/datasets/series/series_windows.h"
#include "heed/layers/models/forecaster.h"
#include "heed/trainers/forecasts/forecast_errors.h"
#include "heed/trainers/forecasts/forecast_loss.h"
#include "heed/trainers/loop/in_memory_task.h"

namespace heed {

/// A series as a model takes it: the rows at which the forecasts of each split begin.
struct ForecastData {
    ScaledSeries series;
    WindowShape shape;
    int64_t season = 0;
    std::vector<double> deviations;  ///< of the targets: what their values were divided by
    std::vector<int64_t> train, validation, test;
};

/// Forecasting: the loss of a window is the mean error over the scaled values of its forecast, in evaluations the
/// squared one.
class ForecastTask final : public InMemoryTask {
public:
    ForecastTask(Context& context, Forecaster& model, ForecastData data, const ForecastLoss& loss = {});

    Module& model() override { return *model_; }
    void use_model(Module& model) override { model_ = &dynamic_cast<Forecaster&>(model); }
    /// Windows.
    int64_t samples(Split split) const override { return std::ssize(split_of(data_, split)); }
    int64_t epoch_steps(int64_t batch) const override;
    bool has_accuracy() const override { return false; }
    /// With the metrics of the model and of naive forecasts, "mse", "mae", "mse_real", "mae_real", "naive_last_mse" ...
    Evaluation evaluate(Split split) override;
    double divergence_from(Module& other, Split split) override;

    const ForecastData& data() const { return data_; }
    /// The errors of the model and of naive forecasts in the evaluation that was the last.
    const std::vector<ForecastRow>& rows() const { return rows_; }
    /// Scaled values [windows, horizon, targets] of the model's forecasts that begin at these rows.
    std::vector<double> forecasts(std::span<const int64_t> first_rows);

private:
    /// measure_shared of all windows of a split: `measure` is given their first rows and the packer.
    template <class Measure, class Add>
    void measure_batches(Split split, const Measure& measure, const Add& add);
    TokenBatches batches(int64_t batch, bool shuffle, uint64_t seed) const override;
    void fill(const BatchPart& part) override;
    MicroBatch compute(const ForwardState& state) override;
    void show(std::span<const int64_t> places, const ForwardState& state) override;
    void show_together(std::span<const int64_t> places, const ForwardState& state) override;

    Forecaster* model_;
    ForecastData data_;
    ForecastLoss loss_;
    SeriesBatch batch_;  // the last micro-batch
    std::vector<ForecastRow> rows_;
};

/// The model's normalised forecasts of windows, [windows, horizon, targets].
Variable forecast(Context& context, Forecaster& model, const SeriesBatch& batch, const ForwardState& state);

/// The scaled values of such forecasts.
std::vector<double> scaled_values(const SeriesBatch& batch, const Tensor& forecasts);

}  // namespace heed
