#include "heed/datasets/text/files/table_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <unordered_map>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/files/csv_records.h"
#include "heed/datasets/text/files/json_lines.h"

namespace heed {

namespace {

std::vector<std::string> split_at(std::string_view text, char separator) {
    std::vector<std::string> parts;
    for (std::size_t end = 0; end != std::string_view::npos;) {
        end = text.find(separator);
        std::string_view part = trimmed(text.substr(0, end));
        if (part.size() > 1 && part.front() == '"' && part.back() == '"') part = part.substr(1, part.size() - 2);
        parts.emplace_back(part);
        if (end != std::string_view::npos) text.remove_prefix(end + 1);
    }
    return parts;
}

using RowCallback = std::function<void(int64_t line, std::span<const TableValue> values)>;

/// Chooses columns out of records of equal length.
class ColumnChoice {
public:
    ColumnChoice(const TextFile& file, const TableLayout& layout, const std::vector<std::string>& columns,
                 const RowCallback& row)
        : file_(file),
          layout_(layout),
          header_(layout.header),
          columns_(columns),
          row_(row),
          values_(columns.size(), TableValue(1)) {}

    void record(int64_t line, std::vector<std::string>& fields) {
        // As an editor leaves it at the end of a file. No row has a single column: text and label take two.
        if (fields.size() == 1 && trimmed(fields[0]).empty()) return;
        if (width_ == 0) {
            width_ = fields.size();
            const auto wanted = static_cast<std::size_t>(layout_.width);
            if (wanted > 0 && width_ != wanted) {
                file_.fail(line, fmt::format("expected {} columns, found {}{}", wanted, width_,
                                             other_separator(fields, columns_, layout_)));
            }
            find_columns(line, fields);
            if (header_) return;
        }
        if (fields.size() != width_) {
            file_.fail(line, fmt::format("expected {} columns as in the first line, found {}", width_, fields.size()));
        }
        for (std::size_t i = 0; i < places_.size(); ++i) values_[i][0] = fields[places_[i]];
        row_(line, values_);
    }

private:
    void find_columns(int64_t line, const std::vector<std::string>& fields) {
        if (header_) refuse_equal_names(line, fields);
        for (const std::string& column : columns_) {
            places_.push_back(header_ ? named(line, fields, column) : numbered(line, fields, column));
        }
    }

    /// Columns without a name may be many, as long as none of them is wanted.
    void refuse_equal_names(int64_t line, const std::vector<std::string>& fields) const {
        std::unordered_map<std::string_view, std::size_t> places;
        for (std::size_t i = 0; i < fields.size(); ++i) {
            const auto [first, is_new] = places.try_emplace(fields[i], i);
            if (is_new) continue;
            const bool wanted = std::find(columns_.begin(), columns_.end(), fields[i]) != columns_.end();
            if (fields[i].empty() && !wanted) continue;
            file_.fail(line, fmt::format("expected columns of different names, found {} as columns {} and {}",
                                         quote(fields[i]), first->second + 1, i + 1));
        }
    }

    std::size_t named(int64_t line, const std::vector<std::string>& fields, const std::string& column) const {
        const auto place = std::find(fields.begin(), fields.end(), column);
        if (place == fields.end()) {
            const std::string other = other_separator(fields, columns_, layout_);
            file_.fail(line, fmt::format("expected a column {}, found {}{}", quote(column), listed(fields),
                                         other.empty() ? did_you_mean(column, fields) : other));
        }
        return static_cast<std::size_t>(place - fields.begin());
    }

    std::size_t numbered(int64_t line, const std::vector<std::string>& fields, const std::string& column) const {
        std::size_t number = 0;
        const auto [end, error] = std::from_chars(column.data(), column.data() + column.size(), number);
        if (error != std::errc() || end != column.data() + column.size() || number < 1 || number > width_) {
            file_.fail(line, fmt::format("expected the number of a column from 1 to {} as there is no header, got {}{}",
                                         width_, quote(column), other_separator(fields, columns_, layout_)));
        }
        return number - 1;
    }

    const TextFile& file_;
    TableLayout layout_;
    bool header_;
    const std::vector<std::string>& columns_;
    const RowCallback& row_;
    std::size_t width_ = 0;
    std::vector<std::size_t> places_;
    std::vector<TableValue> values_;
};

/// Calls `record` for each record with its line.
template <class Record>
void read_records(const TextFile& file, const TableLayout& layout, Record&& record) {
    if (layout.format == TableFormat::csv) {
        read_csv_records(file, layout.separator == 0 ? ',' : layout.separator, record);
        return;
    }
    LineReader lines(file.content());
    std::vector<std::string> fields;
    for (std::string_view line; lines.next(line);) {
        fields.clear();
        for (std::string_view rest = line;;) {
            const std::size_t tab = rest.find('\t');
            fields.emplace_back(rest.substr(0, tab));
            if (tab == std::string_view::npos) break;
            rest.remove_prefix(tab + 1);
        }
        record(lines.number(), fields);
    }
}

}  // namespace

std::string other_separator(const std::vector<std::string>& fields, const std::vector<std::string>& columns,
                            const TableLayout& layout) {
    if (fields.size() != 1) return "";
    const auto has_all = [&](const std::vector<std::string>& parts) {
        return std::all_of(columns.begin(), columns.end(), [&](const std::string& column) {
            if (layout.header) return std::find(parts.begin(), parts.end(), column) != parts.end();
            return column.size() < 6 && std::strtoul(column.c_str(), nullptr, 10) <= parts.size();
        });
    };
    const bool is_csv = layout.format == TableFormat::csv;
    if (has_all(split_at(fields[0], '\t'))) return " (tabs stand between the columns: give data.format tsv)";
    if (has_all(split_at(fields[0], ','))) {
        return std::string(" (commas stand between the columns: give data.") +
               (is_csv ? "separator comma)" : "format csv)");
    }
    for (const auto& [character, name] : {std::pair{';', "semicolon"}, std::pair{'|', "pipe"}}) {
        if (!has_all(split_at(fields[0], character))) continue;
        return fmt::format(" ('{}' stands between the columns: give {}data.separator {})", character,
                           is_csv ? "" : "data.format csv and ", name);
    }
    return "";
}

TableFormat table_format_of(const std::string& file_name) {
    std::string_view name = file_name;
    for (const std::string_view packed : {".gz", ".xz"}) {
        if (name.ends_with(packed)) name.remove_suffix(packed.size());
    }
    if (name.ends_with(".csv")) return TableFormat::csv;
    if (name.ends_with(".tsv") || name.ends_with(".txt")) return TableFormat::tsv;
    if (name.ends_with(".jsonl") || name.ends_with(".json")) return TableFormat::jsonl;
    throw UserError(fmt::format(
        "expected a name that ends in .csv, .tsv, .txt, .jsonl or .json (or data.format), got '{}'", file_name));
}

void read_table(const TextFile& file, const TableLayout& layout, const std::vector<std::string>& columns,
                const RowCallback& row) {
    if (layout.format == TableFormat::jsonl) {
        read_json_lines(file, columns, layout.only_text, row);
        return;
    }
    ColumnChoice choice(file, layout, columns, row);
    read_records(file, layout, [&](int64_t line, std::vector<std::string>& fields) { choice.record(line, fields); });
}

std::vector<std::string> table_columns(const TextFile& file, const TableLayout& layout) {
    if (layout.format == TableFormat::jsonl) return first_json_keys(file);
    std::vector<std::string> columns;
    read_records(file, layout, [&](int64_t /*line*/, const std::vector<std::string>& fields) {
        if (!columns.empty()) return;
        columns = fields;
        for (std::size_t i = 0; i < columns.size() && !layout.header; ++i) columns[i] = std::to_string(i + 1);
    });
    return columns;
}

}  // namespace heed
