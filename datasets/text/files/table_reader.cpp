#include "heed/datasets/text/files/table_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/files/csv_records.h"
#include "heed/datasets/text/files/json_lines.h"

namespace heed {

namespace {

using RowCallback = std::function<void(int64_t line, std::span<const TableValue> values)>;

/// Chooses columns out of records of equal length.
class ColumnChoice {
public:
    ColumnChoice(const TextFile& file, bool header, const std::vector<std::string>& columns, const RowCallback& row)
        : file_(file), header_(header), columns_(columns), row_(row), values_(columns.size(), TableValue(1)) {}

    void record(int64_t line, std::vector<std::string>& fields) {
        if (width_ == 0) {
            width_ = fields.size();
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
            places_.push_back(header_ ? named(line, fields, column) : numbered(line, column));
        }
    }

    /// Columns without a name may be many, as long as none of them is wanted.
    void refuse_equal_names(int64_t line, const std::vector<std::string>& fields) const {
        for (std::size_t i = 0; i < fields.size(); ++i) {
            const auto first = std::find(fields.begin(), fields.end(), fields[i]);
            const auto place = static_cast<std::size_t>(first - fields.begin());
            const bool wanted = std::find(columns_.begin(), columns_.end(), fields[i]) != columns_.end();
            if (place == i || (fields[i].empty() && !wanted)) continue;
            file_.fail(line, fmt::format("expected columns of different names, found {} as columns {} and {}",
                                         quote(fields[i]), place + 1, i + 1));
        }
    }

    std::size_t named(int64_t line, const std::vector<std::string>& fields, const std::string& column) const {
        const auto place = std::find(fields.begin(), fields.end(), column);
        if (place == fields.end()) {
            file_.fail(line, fmt::format("expected a column {}, found {}{}", quote(column), listed(fields),
                                         did_you_mean(column, fields)));
        }
        return static_cast<std::size_t>(place - fields.begin());
    }

    std::size_t numbered(int64_t line, const std::string& column) const {
        std::size_t number = 0;
        const auto [end, error] = std::from_chars(column.data(), column.data() + column.size(), number);
        if (error != std::errc() || end != column.data() + column.size() || number < 1 || number > width_) {
            file_.fail(line, fmt::format("expected the number of a column from 1 to {} as there is no header, got {}",
                                         width_, quote(column)));
        }
        return number - 1;
    }

    const TextFile& file_;
    bool header_;
    const std::vector<std::string>& columns_;
    const RowCallback& row_;
    std::size_t width_ = 0;
    std::vector<std::size_t> places_;
    std::vector<TableValue> values_;
};

void read_tab_separated(const TextFile& file, ColumnChoice& choice) {
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
        choice.record(lines.number(), fields);
    }
}

}  // namespace

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

void read_table(const TextFile& file, TableFormat format, bool header, const std::vector<std::string>& columns,
                const RowCallback& row) {
    if (format == TableFormat::jsonl) {
        read_json_lines(file, columns, row);
        return;
    }
    ColumnChoice choice(file, header, columns, row);
    if (format == TableFormat::tsv) {
        read_tab_separated(file, choice);
    } else {
        read_csv_records(file, [&](int64_t line, std::vector<std::string>& fields) { choice.record(line, fields); });
    }
}

}  // namespace heed
