#include "heed/trainers/forecasts/forecast_model.h"

#include "heed/layers/models/forecasters.h"
#include "heed/trainers/kinds/recipe_model.h"
#include "heed/trainers/recipe/attention_choice.h"

namespace heed {

std::unique_ptr<Forecaster> make_forecast_model(const Recipe& recipe, const ForecastFacts& facts) {
    const ForecasterAttention attention = {stack_attention(recipe, "encoder"), stack_attention(recipe, "decoder"),
                                           stack_attention(recipe, "cross")};
    return make_recipe_model(recipe, forecaster_types(), attention, facts.geometry());
}

}  // namespace heed
