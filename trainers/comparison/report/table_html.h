#pragma once

#include <string>
#include <string_view>

#include "heed/trainers/comparison/report/comparison_text.h"

namespace heed {

/// Beginning of a table of a page, up to the body: the names of its columns.
std::string table_head_html(const std::vector<std::string>& names, std::string_view classes);

/// A table of a page, whose first column names the rows.
std::string table_html(const TextTable& table);

/// What the style sheet needs for both.
std::string_view table_style();

}  // namespace heed
