#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "heed/core/module/parameter_store.h"
#include "heed/datasets/images/image_data.h"
#include "heed/layers/models/vit.h"
#include "heed/trainers/optimizers/adam.h"

/// What the parity tests read from the files that their Python scripts wrote.
namespace heed::test {

using Json = nlohmann::json;

/// tests/parity/NAME.
Json read_stored(const std::string& name);

/// Gives every parameter the first values that the scripts give it: a formula of its name and size.
void set_initial_values(ParameterStore& store);

VitOptions vit_options(const Json& model);
AdamWOptions adamw_options(const Json& training);
/// Images of a formula, normalised, as `json` describes them.
ImageData formula_images(const Json& json);

/// Expects a sample of every parameter's values to be within 1e-5 of the largest weight of what is stored.
void expect_weights(ParameterStore& store, const Json& weights);

}  // namespace heed::test
