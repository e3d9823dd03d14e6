#pragma once

#include <cstdint>

#include "heed/core/autograd/variable.h"
#include "heed/datasets/series/series_windows.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// The error of forecasts that a training lowers.
struct ForecastLoss {
    enum class Kind : uint8_t { squared, absolute, huber };
    Kind kind = Kind::squared;
    float huber_delta = 1.0f;

    /// That of model.loss and model.huber_delta.
    static ForecastLoss of(const Recipe& recipe);
};

struct ForecastLossSum {
    Variable loss;  ///< [1]
    Tensor total;   ///< f64 [1], the same
};

/// The sum over windows of the mean error of their scaled values, of normalised predictions and targets [windows,
/// horizon, targets]. The loss of Huber (1964), e^2 / 2 up to delta and delta (|e| - delta / 2) beyond, is that of
/// normalised values times the square of what they were divided by.
ForecastLossSum forecast_loss(const Variable& predictions, const Tensor& targets, const SeriesBatch& batch,
                              const ForecastLoss& loss);

/// What multiplies the squared errors of normalised values for that sum, [windows, horizon, targets].
Tensor squared_error_weights(Context& context, const Shape& shape, const SeriesBatch& batch);

}  // namespace heed
