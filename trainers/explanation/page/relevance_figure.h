#pragma once

#include <string>
#include <string_view>

#include "heed/trainers/explanation/explanation.h"

namespace heed {

/// The units of an input, coloured by how relevant they are, with a switch between the measures: tokens one after the
/// other, patches over their image. Without the script the first measure is shown. `id`: of this figure on the page.
std::string relevance_figure(const Explanation& explanation, const std::string& id);

std::string_view relevance_style();
std::string_view relevance_script();

}  // namespace heed
