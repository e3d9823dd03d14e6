#include "heed/trainers/forecasts/forecast_task.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/ops/losses/totals.h"
#include "heed/datasets/batches/batch_order.h"
#include "heed/trainers/distillation/distilled_loss.h"
#include "heed/trainers/forecasts/naive_forecasts.h"
#include "heed/trainers/loop/stop_request.h"
#include "heed/trainers/ranks/shared_measuring.h"

namespace heed {

namespace {

/// Windows that are measured at once: about so many rows are read.
constexpr int64_t rows_at_a_time = 8192;

int64_t windows_at_a_time(const WindowShape& shape) {
    return std::max<int64_t>(1, rows_at_a_time / (shape.window + shape.label + shape.horizon));
}

}  // namespace

Variable forecast(Context& context, Forecaster& model, const SeriesBatch& batch, const ForwardState& state) {
    const SeriesGeometry& geometry = model.geometry();
    const Tensor source =
        Tensor::from_host(context, {batch.windows, geometry.window, geometry.features}, std::span(batch.source));
    const Tensor decoder = Tensor::from_host(context, {batch.windows, geometry.decoder_rows(), geometry.features},
                                             std::span(batch.decoder));
    return model.forward(source, decoder, state);
}

std::vector<double> scaled_values(const SeriesBatch& batch, const Tensor& forecasts) {
    const std::vector<float> values = forecasts.to_vector();
    const auto targets = static_cast<size_t>(forecasts.shape()[2]), horizon = static_cast<size_t>(forecasts.shape()[1]);
    std::vector<double> scaled(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
        const size_t column = i / (horizon * targets) * targets + i % targets;
        scaled[i] = static_cast<double>(values[i]) * batch.factor[column] + batch.shift[column];
    }
    return scaled;
}

ForecastTask::ForecastTask(Context& context, Forecaster& model, ForecastData data, const ForecastLoss& loss)
    : InMemoryTask(context), model_(&model), data_(std::move(data)), loss_(loss) {}

int64_t ForecastTask::epoch_steps(int64_t batch) const {
    return batches_per_epoch(samples(Split::train), batch);
}

TokenBatches ForecastTask::batches(int64_t batch, bool shuffle, uint64_t seed) const {
    TokenBatchPlan plan;
    plan.texts = batch;
    plan.shuffle = shuffle;
    plan.seed = seed;
    plan.sort = false;
    return {plan, std::vector<int32_t>(data_.train.size(), static_cast<int32_t>(data_.shape.window))};
}

void ForecastTask::fill(const BatchPart& part) {
    std::vector<int64_t> first_rows;
    for (const int64_t place : part.places) first_rows.push_back(data_.train[static_cast<size_t>(place)]);
    fill_windows(data_.series, data_.shape, first_rows, true, batch_);
}

MicroBatch ForecastTask::compute(const ForwardState& state) {
    const Variable predictions = forecast(context_, *model_, batch_, state);
    const Tensor targets = Tensor::from_host(context_, predictions.shape(), std::span<const float>(batch_.targets));
    const ForecastLossSum loss = forecast_loss(predictions, targets, batch_, loss_);
    const Tensor totals = Tensor::zeros(context_, {2}, DType::f64);
    add_total(loss.total, 1.0, totals.view(0, {1}));
    MicroBatch result{loss.loss, totals, batch_.windows, {}};
    if (const Teacher* teacher = teacher_of(state)) {
        Tensor answers;
        {
            const NoGradient guard(context_);
            answers = forecast(context_, teacher->model_as<Forecaster>(), batch_, {}).value();
        }
        follow_teacher_on_values(result, predictions, answers, *teacher,
                                 squared_error_weights(context_, predictions.shape(), batch_));
    }
    return result;
}

void ForecastTask::show(std::span<const int64_t> places, const ForwardState& state) {
    for (size_t i = 0; i < places.size(); ++i) show_together(places.subspan(i, 1), state);
}

void ForecastTask::show_together(std::span<const int64_t> places, const ForwardState& state) {
    std::vector<int64_t> first_rows;
    for (const int64_t place : places) first_rows.push_back(data_.train[static_cast<size_t>(place)]);
    SeriesBatch batch;
    fill_windows(data_.series, data_.shape, first_rows, false, batch);
    forecast(context_, *model_, batch, state);
}

template <class Measure, class Add>
void ForecastTask::measure_batches(Split split, const Measure& measure, const Add& add) {
    const std::vector<int64_t>& begins = split_of(data_, split);
    const int64_t at_once = windows_at_a_time(data_.shape);
    measure_shared(
        ranks(), batches_per_epoch(std::ssize(begins), at_once),
        [&](int64_t number, Packer& packed) {
            const PositionRange range = batch_range(std::ssize(begins), at_once, number);
            measure(std::span(begins).subspan(static_cast<size_t>(range.begin), static_cast<size_t>(range.size())),
                    packed);
        },
        add);
}

Evaluation ForecastTask::evaluate(Split split) {
    const auto start = std::chrono::steady_clock::now();
    NoGradient guard(context_);
    const WindowShape& shape = data_.shape;
    const auto values = static_cast<size_t>(shape.horizon * shape.target_count());
    ForecastErrors errors(shape.horizon, shape.target_count());
    SeriesBatch batch;
    const auto measure = [&](std::span<const int64_t> first_rows, Packer& packed) {
        fill_windows(data_.series, shape, first_rows, false, batch);
        const std::vector<double> forecasts = scaled_values(batch, forecast(context_, *model_, batch, {}).value());
        ForecastErrors own(shape.horizon, shape.target_count());
        for (size_t i = 0; i < first_rows.size(); ++i) {
            own.add(std::span(forecasts).subspan(i * values, values), true_values(data_.series, shape, first_rows[i]));
        }
        packed.add(own.windows());
        packed.add_all(std::span<const double>(own.squares()));
        packed.add_all(std::span<const double>(own.magnitudes()));
    };
    measure_batches(split, measure, [&](Unpacker& packed) {
        const auto windows = packed.take<int64_t>();
        const std::vector<double> squares = packed.take_all<double>(), magnitudes = packed.take_all<double>();
        errors.add(windows, squares, magnitudes);
    });
    rows_ = naive_rows(data_.series, shape, data_.season, split_of(data_, split));
    rows_.insert(rows_.begin(), {"", "model", std::move(errors)});

    Evaluation result;
    result.count = rows_.front().errors.windows();
    result.has_accuracy = false;
    result.compared_by = "loss";
    for (const ForecastRow& row : rows_) {
        const ForecastScores scores = row.errors.scores(data_.deviations);
        const std::string prefix = row.id.empty() ? "" : row.id + "_";
        result.more.emplace_back(prefix + "mse", scores.mse);
        result.more.emplace_back(prefix + "mae", scores.mae);
        result.more.emplace_back(prefix + "mse_real", scores.mse_real);
        result.more.emplace_back(prefix + "mae_real", scores.mae_real);
    }
    result.loss = result.more.front().second;
    if (!std::isfinite(result.loss)) {
        throw Error(std::string("the model gives numbers that are not finite for windows of the ") + split_name(split) +
                    " split");
    }
    result.score = -result.loss;
    result.remarks = forecast_table(rows_, data_.deviations);
    result.remarks.push_back(naive_verdict(rows_, data_.deviations));
    result.remarks_tell_all = true;
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
}

double ForecastTask::divergence_from(Module& other, Split split) {
    NoGradient guard(context_);
    auto& other_model = dynamic_cast<Forecaster&>(other);
    double sum = 0.0;
    int64_t count = 0;
    SeriesBatch batch;
    const auto measure = [&](std::span<const int64_t> first_rows, Packer& packed) {
        fill_windows(data_.series, data_.shape, first_rows, false, batch);
        const std::vector<double> own = scaled_values(batch, forecast(context_, *model_, batch, {}).value());
        const std::vector<double> others = scaled_values(batch, forecast(context_, other_model, batch, {}).value());
        double squares = 0.0;
        for (size_t i = 0; i < own.size(); ++i) squares += (own[i] - others[i]) * (own[i] - others[i]);
        packed.add(squares);
        packed.add(std::ssize(own));
    };
    measure_batches(split, measure, [&](Unpacker& packed) {
        sum += packed.take<double>();
        count += packed.take<std::ptrdiff_t>();
    });
    return sum / static_cast<double>(count);
}

std::vector<double> ForecastTask::forecasts(std::span<const int64_t> first_rows) {
    NoGradient guard(context_);
    std::vector<double> all;
    SeriesBatch batch;
    for (const int64_t first : first_rows) {
        stop_point();
        fill_windows(data_.series, data_.shape, std::span(&first, 1), false, batch);
        const std::vector<double> own = scaled_values(batch, forecast(context_, *model_, batch, {}).value());
        all.insert(all.end(), own.begin(), own.end());
    }
    return all;
}

}  // namespace heed
