#include "heed/trainers/texts/text_table.h"

#include <fmt/format.h>

#include "heed/core/error.h"
#include "heed/datasets/text/sets/text_files.h"

namespace heed {

namespace {

bool is_given(const Recipe& recipe, const std::string& leaf) {
    return recipe.section("data").source(leaf).kind == Source::Kind::command_line;
}

}  // namespace

bool is_text_table(const std::string& file, const Recipe& recipe) {
    if (file == "-") return false;
    if (is_given(recipe, "format") && recipe.value("data", "format") != "auto") return true;
    std::string_view name = file;
    for (const std::string_view packed : {".gz", ".xz"}) {
        if (name.ends_with(packed)) name.remove_suffix(packed.size());
    }
    return name.ends_with(".csv") || name.ends_with(".tsv") || name.ends_with(".jsonl");
}

TextTable read_text_table(const std::string& file, const Recipe& recipe, const TextDataFacts& facts) {
    TextColumns columns = text_columns(recipe.options<TextDataOptions>("data"), facts.several_labels);
    columns.label_may_lack = !is_given(recipe, "label");
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
    std::string table, lines;
    for (const std::string& file : files) (is_text_table(file, recipe) ? table : lines) = file;
    if (!table.empty() && !lines.empty()) {
        throw UserError(fmt::format(
            "heed {} expects tables or files with a text a line, got both: {} is a table by its name, {} is none",
            command, table, lines));
    }
    std::vector<TextTable> tables;
    if (table.empty()) {
        std::vector<std::string> settings = text_column_settings();
        settings.emplace_back("name");
        refuse_table_settings(recipe, settings, (lines.empty() ? "standard input" : lines) + " is none");
        return tables;
    }
    for (const std::string& file : files) {
        tables.push_back(read_text_table(file, recipe, facts_as<TextDataFacts>(*saved.trained.facts)));
    }
    return tables;
}

void refuse_table_settings(const Recipe& recipe, const std::vector<std::string>& settings, const std::string& reason) {
    for (const std::string& leaf : settings) {
        if (is_given(recipe, leaf)) {
            throw UserError(fmt::format("data.{} is for tables (.csv, .tsv, .jsonl), but {}", leaf, reason));
        }
    }
}

}  // namespace heed
