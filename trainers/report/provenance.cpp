#include "heed/trainers/report/provenance.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

bool says_where_things_lie(const std::string& key) {
    return key == "data.root" || key == "run.dir" || key == "run.name";
}

const std::string& default_choice(const std::string& section) {
    const RecipeSpec& spec = recipe_spec();
    return std::find_if(spec.begin(), spec.end(), [&](const SectionSpec& each) { return each.name == section; })
        ->default_choice;
}

std::string calls_table(const std::vector<RunCall>& calls) {
    std::string html =
        "<div class=\"scroll\"><table class=\"pairs\">\n<thead><tr><th scope=\"col\">from step</th>"
        "<th scope=\"col\">command</th><th scope=\"col\">source commit</th><th "
        "scope=\"col\">versions</th></tr></thead>\n"
        "<tbody>\n";
    for (const RunCall& call : calls) {
        const auto known = [](const std::string& text) { return text.empty() ? "–" : escape_html(text); };
        fmt::format_to(std::back_inserter(html), "<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n",
                       group_digits(call.after_step + 1), known(call.origin.command), known(call.origin.commit),
                       known(call.origin.versions));
    }
    return html + "</tbody>\n</table></div>\n";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> settings_not_default(const Recipe& recipe) {
    std::vector<std::pair<std::string, std::string>> settings;
    const auto add = [&](const Section& section, const std::string& leaf, const std::string& value) {
        const std::string key = section.name().empty() ? leaf : section.name() + "." + leaf;
        if (!says_where_things_lie(key)) settings.emplace_back(key, value);
    };
    for (const Section& section : recipe.sections()) {
        if (!section.selector().empty() && section.choice() != default_choice(section.name())) {
            add(section, section.selector(), section.choice());
        }
        for (const Field& field : section.fields()) {
            if (field.value_text() != field.default_text()) add(section, field.name(), field.value_text());
        }
    }
    return settings;
}

std::string provenance_html(const std::vector<RunCall>& calls,
                            const std::vector<std::pair<std::string, std::string>>& settings) {
    if (calls.empty() && settings.empty()) return "";
    std::string html = "<section id=\"provenance\">\n<h2>Provenance</h2>\n";
    if (!calls.empty()) html += calls_table(calls);
    if (!settings.empty()) {
        html +=
            "<p>Settings that are not the defaults:</p>\n<div class=\"scroll\"><table class=\"pairs\">\n"
            "<thead><tr><th scope=\"col\">setting</th><th scope=\"col\">value</th></tr></thead>\n<tbody>\n";
        for (const auto& [key, value] : settings) {
            fmt::format_to(std::back_inserter(html), "<tr><td>{}</td><td><code>{}</code></td></tr>\n", escape_html(key),
                           escape_html(value));
        }
        html += "</tbody>\n</table></div>\n";
    }
    return html + "</section>\n";
}

}  // namespace heed
