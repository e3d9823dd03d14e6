#include "heed/trainers/report/label_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "heed/trainers/report/confusion.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

std::string share_or_none(double fraction, int64_t of) {
    return of > 0 ? fmt::format("{:.1f}", 100.0 * fraction) : std::string("–");
}

/// A row for each of `rows`, positions in `scores`.
std::string score_rows(const std::vector<ClassScore>& scores, const std::vector<size_t>& rows,
                       const std::vector<std::string>& names, const std::string& kind, const std::string& unit) {
    std::string html = fmt::format(
        "<div class=\"scroll\"><table class=\"pairs\">\n"
        "<thead><tr><th scope=\"col\">{0}</th><th scope=\"col\">{1} with it</th><th scope=\"col\">given it</th>"
        "<th scope=\"col\">precision, %</th><th scope=\"col\">recall, %</th><th scope=\"col\">F1, %</th></tr></thead>\n"
        "<tbody>\n",
        kind, unit);
    for (const size_t row : rows) {
        const ClassScore& score = scores[row];
        fmt::format_to(std::back_inserter(html),
                       "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                       escape_html(class_name(names, static_cast<int64_t>(row))), group_digits(score.samples),
                       group_digits(score.predicted), share_or_none(score.precision, score.predicted),
                       share_or_none(score.recall, score.samples),
                       share_or_none(score.f1, score.samples + score.predicted));
    }
    return html + "</tbody>\n</table></div>\n";
}

}  // namespace

std::string label_table_html(const std::vector<ClassScore>& labels, const std::vector<std::string>& names,
                             const std::string& unit) {
    std::vector<size_t> rows(labels.size());
    std::iota(rows.begin(), rows.end(), size_t{0});
    return fmt::format(
               "<section id=\"labels\">\n<h2>Labels</h2>\n<p><em>Precision</em> is the share of the {0} given a label "
               "that have it, <em>recall</em> the share of those that have it that were given it, F1 their harmonic "
               "mean; given is what has a probability above 50 %.</p>\n",
               unit) +
           score_rows(labels, rows, names, "label", unit) + "</section>\n";
}

std::string class_table_html(const std::vector<ClassScore>& classes, const std::vector<std::string>& names,
                             const std::string& unit) {
    constexpr size_t most_rows = 500;
    std::vector<size_t> rows(classes.size());
    std::iota(rows.begin(), rows.end(), size_t{0});
    std::string html = fmt::format(
        "<section id=\"classes\">\n<h2>Classes</h2>\n<p><em>Precision</em> is the share of the {0} given a class that "
        "have it, <em>recall</em> the share of those that have it that were given it, F1 their harmonic mean.",
        unit);
    if (rows.size() > most_rows) {
        std::erase_if(rows, [&](size_t row) { return classes[row].samples + classes[row].predicted == 0; });
        std::stable_sort(rows.begin(), rows.end(), [&](size_t a, size_t b) { return classes[a].f1 < classes[b].f1; });
        if (rows.size() > most_rows) rows.resize(most_rows);
        html += fmt::format(" Of {} classes, here are {}, the lowest F1 first.", group_digits(std::ssize(classes)),
                            rows.size());
    }
    return html + "</p>\n" + score_rows(classes, rows, names, "class", unit) + "</section>\n";
}

}  // namespace heed
