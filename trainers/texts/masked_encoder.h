#pragma once

#include <string>
#include <vector>

#include "heed/trainers/kinds/other_model.h"

namespace heed {

/// Settings with which the text classifier of `recipe` has the encoder of a masked language model: sizes, norms and
/// positions are the model's; what comes before a classifier's encoder and a masked one lacks is off. Throws UserError
/// where `other` is no masked language model, or its encoder cannot read texts of data.length: more than its learned
/// positions, or another number than an attention type is made for.
std::vector<std::string> settings_of_masked_encoder(const OtherModel& other, const Recipe& recipe);

}  // namespace heed
