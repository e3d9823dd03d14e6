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
    Confusion(const Evaluation& test, const std::vector<std::string>& names)
        : test_(test), classes_(test.classes), truths_(static_cast<size_t>(classes_)), guesses_(truths_) {
        for (int64_t row = 0; row < classes_; ++row) {
            for (int64_t column = 0; column < classes_; ++column) {
                truths_[static_cast<size_t>(row)] += count(row, column);
                guesses_[static_cast<size_t>(column)] += count(row, column);
            }
            names_.push_back(escape_html(class_name(names, row)));
        }
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
            add("<td class=\"side\">{}</td></tr>\n", share_text(count(row, row), truths_[static_cast<size_t>(row)]));
        }
        add("<tr class=\"side\"><th scope=\"row\">precision, %</th>");
        for (int64_t column = 0; column < classes_; ++column) {
            add("<td>{}</td>", share_text(count(column, column), guesses_[static_cast<size_t>(column)]));
        }
        add("<td></td></tr>\n</tbody>\n</table></div>\n");
        return std::move(html_);
    }

    std::string pairs(const std::string& unit) {
        struct Pair {
            int64_t row, column, count;
        };
        std::vector<Pair> pairs;
        for (int64_t row = 0; row < classes_; ++row) {
            for (int64_t column = 0; column < classes_; ++column) {
                if (row != column && count(row, column) > 0) pairs.push_back({row, column, count(row, column)});
            }
        }
        std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.count > b.count; });
        if (pairs.size() > most_pairs) pairs.resize(most_pairs);
        if (pairs.empty()) return "<p>There is no mistake.</p>\n";
        add("<p>The classes most often taken for another.</p>\n<div class=\"scroll\"><table class=\"pairs\">\n"
            "<thead><tr><th scope=\"col\">true class</th><th scope=\"col\">prediction</th><th scope=\"col\">{}</th>"
            "<th scope=\"col\">share of the class, %</th></tr></thead>\n<tbody>\n",
            unit);
        for (const Pair& pair : pairs) {
            add("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", names_[static_cast<size_t>(pair.row)],
                names_[static_cast<size_t>(pair.column)], group_digits(pair.count),
                share_text(pair.count, truths_[static_cast<size_t>(pair.row)]));
        }
        add("</tbody>\n</table></div>\n");
        return std::move(html_);
    }

private:
    template <class... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(html_), format, std::forward<Values>(values)...);
    }

    int64_t count(int64_t row, int64_t column) const {
        return test_.confusion[static_cast<size_t>(row * classes_ + column)];
    }

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
        const double heat =
            std::sqrt(static_cast<double>(found) / static_cast<double>(truths_[static_cast<size_t>(row)]));
        add("<td class=\"{}{}\" style=\"--heat:{:.3f}\" title=\"{} as {}: {} of {}\">{}</td>",
            row == column ? "hit" : "miss", heat > 0.75 ? " strong" : "", heat, names_[static_cast<size_t>(row)],
            names_[static_cast<size_t>(column)], found, truths_[static_cast<size_t>(row)], group_digits(found));
    }

    const Evaluation& test_;
    int64_t classes_;
    std::vector<int64_t> truths_;   ///< samples of each class
    std::vector<int64_t> guesses_;  ///< predictions of each class
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
    Confusion confusion(test, names);
    return "<section id=\"confusion\">\n<h2>Confusion matrix</h2>\n" +
           (test.classes <= most_classes ? confusion.matrix() : confusion.pairs(unit)) + "</section>\n";
}

}  // namespace heed
