#pragma once

#include <string>

#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// What the cross-attention of a translator's recipe makes of its weights, so that pictures of them are read rightly;
/// empty where nothing has to be said.
std::string cross_attention_remark(const Recipe& recipe);

}  // namespace heed
