#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "heed/trainers/explanation/explanation.h"

namespace heed {

/// Tables of layers and heads (share of rows that change, total variation, rank, entropy), folded. Empty without heads.
std::string head_overview(const std::vector<HeadExplanation>& heads);

/// The weights of each head beside those of least norm, folded; heads whose rows stay as they are have no second
/// picture. `bytes` is how much of the page pictures may still take: what is used is subtracted, and where it is not
/// enough a sentence says so.
std::string head_pictures(const std::vector<HeadExplanation>& heads, int64_t picture_side, size_t& bytes);

std::string_view head_style();

}  // namespace heed
