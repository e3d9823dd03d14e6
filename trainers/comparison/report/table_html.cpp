#include "heed/trainers/comparison/report/table_html.h"

#include <fmt/format.h>

#include "heed/trainers/report/text.h"

namespace heed {

std::string table_head_html(const std::vector<std::string>& names, std::string_view classes) {
    std::string html = fmt::format("<div class=\"scroll\"><table class=\"{}\">\n<thead><tr>", classes);
    for (const std::string& name : names) html += fmt::format("<th scope=\"col\">{}</th>", escape_html(name));
    return html + "</tr></thead>\n<tbody>\n";
}

std::string table_html(const TextTable& table) {
    std::string html = table_head_html(table.front(), "results");
    for (size_t row = 1; row < table.size(); ++row) {
        html += "<tr>";
        for (size_t i = 0; i < table[row].size(); ++i) {
            html += fmt::format("<{}>{}</{}>", i == 0 ? "th scope=\"row\"" : "td", escape_html(table[row][i]),
                                i == 0 ? "th" : "td");
        }
        html += "</tr>\n";
    }
    return html + "</tbody>\n</table></div>\n";
}

std::string_view table_style() {
    return R"css(
.results th, .results td { padding: 0.25rem 0.55rem; text-align: right; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
.results thead th { white-space: normal; vertical-align: bottom; }
.results th:first-child, .results td:first-child { padding-left: 0; text-align: left; }
)css";
}

}  // namespace heed
