#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "heed/trainers/kinds/expected_data.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// What is made alike for models of different attention types.
enum class MatchedMeasure : uint8_t {
    parameters,
    multiplies  ///< multiply-adds of a forward pass over the longest sample
};

/// That of the model of a recipe. Throws UserError where its settings do not fit each other or the data.
int64_t model_measure(const Recipe& recipe, const ExpectedData& data, MatchedMeasure measure);

/// The whole number from 1 on for which `measure_of` comes nearest to `target`; it must not fall with the number. Of
/// two as near, the smaller one.
int64_t nearest_size(const std::function<int64_t(int64_t)>& measure_of, int64_t target);

}  // namespace heed
