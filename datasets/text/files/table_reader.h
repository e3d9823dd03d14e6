#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "heed/datasets/text/files/text_file.h"

namespace heed {

/// How the rows of a text file are written.
enum class TableFormat {
    csv,   ///< separated by commas or another character; fields may stand in double quotes and then hold line ends
    tsv,   ///< tab-separated lines, quotes are letters
    jsonl  ///< a JSON object a line
};

/// How a table is to be read.
struct TableLayout {
    TableFormat format = TableFormat::csv;
    bool header = true;      ///< the first line of CSV and TSV names the columns; else they are numbered from 1
    char separator = 0;      ///< between the columns of CSV; 0: a comma
    int64_t width = 0;       ///< columns of CSV and TSV; 0: as many as the first line has
    bool only_text = false;  ///< in JSON numbers, truth values and arrays are errors
};

/// The format that the name of a file tells (.csv, .tsv, .txt, .jsonl, .json, perhaps with .gz or .xz behind it);
/// UserError where it tells none.
TableFormat table_format_of(const std::string& file_name);

/// What stands in a column of a row: one item, or those of a JSON array.
using TableValue = std::vector<std::string>;

/// The names of the columns (of the header, numbers from 1, or the keys of the first JSON object); empty in an empty
/// file.
std::vector<std::string> table_columns(const TextFile& file, const TableLayout& layout);

/// Advice for an error about the columns of a file whose first line has a single field: which separator would give it
/// all `columns`, " (';' stands between the columns: give data.separator semicolon)", else "".
std::string other_separator(const std::vector<std::string>& fields, const std::vector<std::string>& columns,
                            const TableLayout& layout);

/// Calls `row` for each row, with its line and its values in the order of `columns`: names of the header, numbers, or
/// keys of JSON objects. Blank lines are no rows. UserError, with file and line, where a
/// column is not there, a name comes twice, a row has more or fewer columns than the first, or something is not well
/// formed.
void read_table(const TextFile& file, const TableLayout& layout, const std::vector<std::string>& columns,
                const std::function<void(int64_t line, std::span<const TableValue> values)>& row);

}  // namespace heed
