#pragma once

#include <string_view>

namespace heed {

/// Style sheet of the report: light, dark, narrow and printed.
std::string_view page_style();

/// Shows the values under the pointer in the charts; the page is complete without it.
std::string_view page_script();

}  // namespace heed
