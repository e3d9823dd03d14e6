#include "heed/trainers/report/confusion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr int64_t most_classes = 20;
constexpr size_t most_pairs = 20;

class Confusion {
public:
    Confusion(const ConfusionCounts& counts, const std::vector<std::string>& names)
        : counts_(counts), classes_(counts.classes()) {
        for (int64_t label = 0; label < classes_; ++label) names_.push_back(escape_html(class_name(names, label)));
    }

    std::string matrix() {
        add("<p>Rows are the true classes, columns the predictions. <em>Recall</em> is the share of a class that was "
            "found, <em>precision</em> the share of a prediction that was right. Blue cells are right, orange ones "
            "wrong; the stronger, the larger the share of the row (by its square root).</p>\n"
            "<div class=\"scroll\"><table class=\"confusion\">\n<thead><tr><td></td>");
        for (const std::string& name : names_) add("<th scope=\"col\"><span>{}</span></th>", name);
        add("<th scope=\"col\" class=\"side\"><span>recall, %</span></th></tr></thead>\n<tbody>\n");
        for (int64_t row = 0; row < classes_; ++row) {
            add("<tr><th scope=\"row\">{}</th>", names_[static_cast<size_t>(row)]);
            for (int64_t column = 0; column < classes_; ++column) cell(row, column);
            add("<td class=\"side\">{}</td></tr>\n", share_text(count(row, row), counts_.samples(row)));
        }
        add("<tr class=\"side\"><th scope=\"row\">precision, %</th>");
        for (int64_t column = 0; column < classes_; ++column) {
            add("<td>{}</td>", share_text(count(column, column), counts_.predicted(column)));
        }
        add("<td></td></tr>\n</tbody>\n</table></div>\n");
        return std::move(html_);
    }

    std::string pairs(const std::string& unit) {
        std::vector<ConfusionCounts::Mistake> pairs = counts_.mistakes();
        if (pairs.size() > most_pairs) pairs.resize(most_pairs);
        if (pairs.empty()) return "<p>There is no mistake.</p>\n";
        add("<p>The classes most often taken for another.</p>\n<div class=\"scroll\"><table class=\"pairs\">\n"
            "<thead><tr><th scope=\"col\">true class</th><th scope=\"col\">prediction</th><th scope=\"col\">{}</th>"
            "<th scope=\"col\">share of the class, %</th></tr></thead>\n<tbody>\n",
            unit);
        for (const ConfusionCounts::Mistake& pair : pairs) {
            add("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", names_[static_cast<size_t>(pair.truth)],
                names_[static_cast<size_t>(pair.prediction)], group_digits(pair.count),
                share_text(pair.count, counts_.samples(pair.truth)));
        }
        add("</tbody>\n</table></div>\n");
        return std::move(html_);
    }

private:
    template <class... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(html_), format, std::forward<Values>(values)...);
    }

    int64_t count(int64_t row, int64_t column) const { return counts_.count(row, column); }

    /// Percent.
    static std::string share_text(int64_t part, int64_t whole) {
        return whole > 0 ? fmt::format("{:.1f}", 100.0 * static_cast<double>(part) / static_cast<double>(whole)) : "–";
    }

    void cell(int64_t row, int64_t column) {
        const int64_t found = count(row, column);
        if (found == 0) {
            add("<td class=\"none\">·</td>");
            return;
        }
        // The square root shows errors of one percent beside hits of ninety.
        const double heat = std::sqrt(static_cast<double>(found) / static_cast<double>(counts_.samples(row)));
        add("<td class=\"{}\" style=\"--heat:{:.3f}\" title=\"{} as {}: {} of {}\">{}</td>",
            row == column ? "hit" : "miss", heat, names_[static_cast<size_t>(row)], names_[static_cast<size_t>(column)],
            found, counts_.samples(row), group_digits(found));
    }

    const ConfusionCounts& counts_;
    int64_t classes_;
    std::vector<std::string> names_;
    std::string html_;
};

}  // namespace

std::string class_name(const std::vector<std::string>& names, int64_t label) {
    if (label >= 0 && label < static_cast<int64_t>(names.size())) return names[static_cast<size_t>(label)];
    return fmt::format("class {}", label);
}

std::string class_list(const std::vector<std::string>& names, const std::vector<int32_t>& labels) {
    std::string text;
    for (const int32_t label : labels) text += (text.empty() ? "" : ", ") + class_name(names, label);
    return text.empty() ? "no label" : text;
}

std::string confusion_html(const Evaluation& test, const std::vector<std::string>& names, const std::string& unit) {
    Confusion confusion(test.confusion, names);
    return "<section id=\"confusion\">\n<h2>Confusion matrix</h2>\n" +
           (test.confusion.classes() <= most_classes ? confusion.matrix() : confusion.pairs(unit)) + "</section>\n";
}

}  // namespace heed
