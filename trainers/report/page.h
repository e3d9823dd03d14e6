#pragma once

#include <string>
#include <string_view>

namespace heed {

/// A whole page that needs no other file and no network, with a style sheet for light and dark, narrow and printed
/// pages. The title is escaped here, the body is HTML.
/// `more_style` follows it.
std::string html_page(std::string_view title, std::string_view body, std::string_view more_style = "");

/// Shows the values under the pointer in the charts; the page is complete without it.
std::string_view page_script();

}  // namespace heed
