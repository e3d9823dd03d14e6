#include "heed/datasets/text/files/text_rows.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/tokenizers/vocabulary.h"

namespace heed {

namespace {

constexpr std::size_t longest_label = 200;

std::string joined_texts(std::span<const TableValue> values) {
    std::string text;
    for (const TableValue& value : values) {
        for (const std::string& item : value) {
            const std::string_view plain = trimmed(item);
            if (plain.empty()) continue;
            if (!text.empty()) text += '\n';
            text += plain;
        }
    }
    return text;
}

std::vector<std::string> separated_labels(const TableValue& value, const std::string& separator) {
    std::vector<std::string> labels;
    const auto add = [&](std::string_view label) {
        if (label = trimmed(label); !label.empty()) labels.emplace_back(label);
    };
    for (const std::string& item : value) {
        std::string_view rest = item;
        while (!separator.empty() && !rest.empty()) {
            const std::size_t end = rest.find(separator);
            add(rest.substr(0, end));
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + separator.size());
        }
        add(rest);
    }
    return labels;
}

std::optional<int64_t> whole_number(const std::string& text) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

TextRows read_text_rows(const std::filesystem::path& path, const TextColumns& columns) {
    const TextFile file(path);
    TextRows result{path.string(), {}, 0};
    const TableFormat format = columns.format ? *columns.format : table_format_of(path.filename().string());
    const TableLayout layout{format, columns.header, columns.separator, columns.width};
    std::vector<std::string> names = columns.text;
    if (columns.label_may_lack) {
        const std::vector<std::string> known = table_columns(file, layout);
        result.labelled = std::find(known.begin(), known.end(), columns.label) != known.end();
    }
    if (result.labelled) names.push_back(columns.label);
    read_table(file, layout, names, [&](int64_t line, std::span<const TableValue> values) {
        TextRow row{joined_texts(values.first(columns.text.size())), {}, line};
        if (result.labelled) row.labels = separated_labels(values.back(), columns.label_separator);
        if (row.text.empty() && columns.empty == EmptyText::error) {
            file.fail(line, "expected a text, found an empty one" + columns.empty_advice);
        }
        if (row.text.empty() && columns.empty == EmptyText::skip) {
            ++result.skipped;
            return;
        }
        if (result.labelled && columns.label_separator.empty() && row.labels.size() != 1) {
            file.fail(line,
                      fmt::format("expected one label, found {} (with data.label_separator a text can have any number)",
                                  row.labels.empty() ? "none" : "several"));
        }
        for (const std::string& label : row.labels) {
            if (label.size() <= longest_label && is_printable(label)) continue;
            file.fail(line, fmt::format("expected a label of at most {} bytes without control characters, found {}",
                                        longest_label, quote(label.substr(0, longest_label))));
        }
        result.rows.push_back(std::move(row));
    });
    if (result.rows.empty()) throw UserError(fmt::format("expected rows of text in '{}', found none", path.string()));
    return result;
}

std::vector<std::string> labels_of(const TextRows& rows) {
    std::set<std::string> distinct;
    for (const TextRow& row : rows.rows) distinct.insert(row.labels.begin(), row.labels.end());
    std::vector<std::string> labels(distinct.begin(), distinct.end());
    const auto is_number = [](const std::string& label) { return whole_number(label).has_value(); };
    if (std::all_of(labels.begin(), labels.end(), is_number)) {
        std::stable_sort(labels.begin(), labels.end(),
                         [](const auto& a, const auto& b) { return *whole_number(a) < *whole_number(b); });
    }
    return labels;
}

std::shared_ptr<const TextSource> make_text_source(TextRows rows, const std::vector<std::string>& class_names,
                                                   bool several_labels) {
    Vocabulary classes;
    for (const std::string& name : class_names) classes.add(name);
    auto source = std::make_shared<TextSource>(class_names, several_labels);
    std::vector<int32_t> labels;
    for (TextRow& row : rows.rows) {
        labels.clear();
        for (const std::string& label : row.labels) {
            const std::optional<int32_t> index = classes.find(label);
            if (!index) {
                throw UserError(fmt::format("'{}', line {}: the label {} is none of the classes {}{}", rows.file,
                                            row.line, quote(label), listed(class_names),
                                            did_you_mean(label, class_names)));
            }
            labels.push_back(*index);
        }
        std::sort(labels.begin(), labels.end());
        const auto twice = std::adjacent_find(labels.begin(), labels.end());
        if (twice != labels.end()) {
            throw UserError(fmt::format("'{}', line {}: the label {} comes twice", rows.file, row.line,
                                        quote(class_names[static_cast<std::size_t>(*twice)])));
        }
        source->add(std::move(row.text), labels);
    }
    return source;
}

}  // namespace heed
