#include "heed/datasets/text/files/table_options.h"

#include <fmt/core.h>

#include "heed/core/error.h"

namespace heed {

void TableOptions::describe(Fields& fields) {
    fields.add("format", format, "how the files are written; auto: as their names tell")
        .choices({"auto", "csv", "tsv", "jsonl"});
    fields
        .add("separator", separator,
             "what stands between the columns of CSV files; auto: a comma (of TSV it is always a tab)")
        .choices({"auto", "comma", "semicolon", "tab", "pipe"});
    fields.add("header", header, "the first line of CSV and TSV names the columns; else they are numbered from 1");
}

void TableOptions::validate() const {
    if (separator != "auto" && (format == "jsonl" || (format == "tsv" && separator != "tab"))) {
        throw UserError(fmt::format("data.separator {} is for CSV files, but data.format is {}", separator, format));
    }
}

std::optional<TableFormat> TableOptions::given_format() const {
    if (format == "csv") return TableFormat::csv;
    if (format == "tsv") return TableFormat::tsv;
    if (format == "jsonl") return TableFormat::jsonl;
    if (separator != "auto") return TableFormat::csv;
    return std::nullopt;
}

char TableOptions::separator_character() const {
    if (separator == "semicolon") return ';';
    if (separator == "tab") return '\t';
    if (separator == "pipe") return '|';
    return 0;
}

TableLayout TableOptions::layout(const std::string& file_name) const {
    const std::optional<TableFormat> given = given_format();
    return {given ? *given : table_format_of(file_name), header, separator_character()};
}

}  // namespace heed
