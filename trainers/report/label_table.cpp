#include "heed/trainers/report/label_table.h"

#include <fmt/format.h>

#include <iterator>

#include "heed/trainers/report/confusion.h"
#include "heed/trainers/report/text.h"

namespace heed {

std::string label_table_html(const std::vector<ClassScore>& labels, const std::vector<std::string>& names,
                             const std::string& unit) {
    std::string html = fmt::format(
        "<section id=\"labels\">\n<h2>Labels</h2>\n<p><em>Precision</em> is the share of the {0} given a label that "
        "have "
        "it, <em>recall</em> the share of those that have it that were given it, F1 their harmonic mean; given is what "
        "has a probability above 50 %.</p>\n<div class=\"scroll\"><table class=\"pairs\">\n"
        "<thead><tr><th scope=\"col\">label</th><th scope=\"col\">{0} with it</th><th scope=\"col\">given it</th>"
        "<th scope=\"col\">precision, %</th><th scope=\"col\">recall, %</th><th scope=\"col\">F1, %</th></tr></thead>\n"
        "<tbody>\n",
        unit);
    const auto percent_or_none = [](double fraction, int64_t of) {
        return of > 0 ? fmt::format("{:.1f}", 100.0 * fraction) : std::string("–");
    };
    for (size_t i = 0; i < labels.size(); ++i) {
        const ClassScore& label = labels[i];
        fmt::format_to(std::back_inserter(html),
                       "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                       escape_html(class_name(names, static_cast<int64_t>(i))), group_digits(label.samples),
                       group_digits(label.predicted), percent_or_none(label.precision, label.predicted),
                       percent_or_none(label.recall, label.samples),
                       percent_or_none(label.f1, label.samples + label.predicted));
    }
    return html + "</tbody>\n</table></div>\n</section>\n";
}

}  // namespace heed
