#pragma once

#include <string>
#include <string_view>

#include "heed/trainers/cab/compositional_index.h"

namespace heed {

/// A <figure> of the types of a pattern, each with a mark at its index and a line for its interval over seeds; empty
/// where nobody has an index.
std::string index_chart(const Leaderboard& board, const std::string& baseline);

/// What the style sheet needs for it.
std::string_view index_chart_style();

}  // namespace heed
