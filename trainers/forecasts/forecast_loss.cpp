#include "heed/trainers/forecasts/forecast_loss.h"

#include <cmath>
#include <vector>

#include "heed/core/ops/losses/smooth_l1.h"
#include "heed/core/ops/losses/squared_error.h"
#include "heed/layers/models/forecaster.h"

namespace heed {

namespace {

/// `scale` times the factors of the windows' columns to some power, over the number of values of a window, for each of
/// its values.
Tensor factor_weights(Context& context, const Shape& shape, const SeriesBatch& batch, double power,
                      double scale = 1.0) {
    const auto targets = static_cast<size_t>(shape[2]);
    const auto values = static_cast<double>(shape[1] * shape[2]);
    std::vector<float> weights;
    weights.reserve(static_cast<size_t>(shape.elements()));
    for (size_t window = 0; window < static_cast<size_t>(shape[0]); ++window) {
        for (int64_t row = 0; row < shape[1]; ++row) {
            for (size_t i = 0; i < targets; ++i) {
                const double factor = batch.factor[window * targets + i];
                weights.push_back(static_cast<float>(scale * std::pow(factor, power) / values));
            }
        }
    }
    return Tensor::from_host(context, shape, std::span<const float>(weights));
}

}  // namespace

ForecastLoss ForecastLoss::of(const Recipe& recipe) {
    const auto& options = recipe.options<ForecasterOptions>("model");
    const Kind kind = options.loss == "mae" ? Kind::absolute : options.loss == "huber" ? Kind::huber : Kind::squared;
    return {kind, static_cast<float>(options.huber_delta)};
}

Tensor squared_error_weights(Context& context, const Shape& shape, const SeriesBatch& batch) {
    return factor_weights(context, shape, batch, 2.0);
}

ForecastLossSum forecast_loss(const Variable& predictions, const Tensor& targets, const SeriesBatch& batch,
                              const ForecastLoss& loss) {
    const Shape& shape = predictions.shape();
    Context& context = predictions.context();
    if (loss.kind == ForecastLoss::Kind::squared) {
        const SquaredErrorResult result =
            squared_error(predictions, targets, squared_error_weights(context, shape, batch));
        return {result.loss, result.loss_total};
    }
    const bool huber = loss.kind == ForecastLoss::Kind::huber;
    const float delta = huber ? loss.huber_delta : 0.0f;
    const Tensor weights =
        huber ? factor_weights(context, shape, batch, 2.0, delta) : factor_weights(context, shape, batch, 1.0);
    const SmoothL1Result result = smooth_l1(predictions, targets, delta, weights);
    return {result.loss, result.loss_total};
}

}  // namespace heed
