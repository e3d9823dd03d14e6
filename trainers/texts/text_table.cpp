#include "heed/trainers/texts/text_table.h"

#include <fmt/format.h>

#include "heed/datasets/text/sets/text_files.h"
#include "heed/trainers/answers/table_files.h"

namespace heed {

TextTable read_text_table(const std::string& file, const Recipe& recipe, const TextDataFacts& facts) {
    TextColumns columns = text_columns(recipe.options<TextDataOptions>("data"), facts.several_labels);
    columns.label_may_lack = !is_data_setting_given(recipe, "label");
    TextRows rows = read_text_rows(file, columns);
    TextTable table{file, {}, rows.labelled};
    std::vector<int64_t> lines;
    for (const TextRow& row : rows.rows) lines.push_back(row.line);
    if (rows.skipped > 0) {
        fmt::print(stderr, "heed: {} rows of '{}' are left out, as they have no text (data.empty)\n", rows.skipped,
                   file);
    }
    if (!table.labelled) {
        fmt::print(stderr, "heed: '{}' has no column '{}' (data.label): nothing is measured\n", file, columns.label);
        for (TextRow& row : rows.rows)
            table.texts.push_back({std::move(row.text), fmt::format("{}:{}", file, row.line)});
        return table;
    }
    const auto source = make_text_source(std::move(rows), facts.class_names, facts.several_labels);
    for (int64_t i = 0; i < source->size(); ++i) {
        table.texts.push_back({source->text(i), fmt::format("{}:{}", file, lines[static_cast<size_t>(i)])});
        table.labels.add(source->labels(i));
    }
    return table;
}

std::vector<TextTable> read_text_tables(const std::string& command, const std::vector<std::string>& files,
                                        const SavedModel& saved) {
    const Recipe& recipe = saved.trained.recipe;
    std::vector<TextTable> tables;
    if (!are_table_files(command, files, recipe, text_column_settings())) return tables;
    for (const std::string& file : files) {
        tables.push_back(read_text_table(file, recipe, facts_as<TextDataFacts>(*saved.trained.facts)));
    }
    return tables;
}

}  // namespace heed
