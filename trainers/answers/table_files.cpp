#include "heed/trainers/answers/table_files.h"

#include <fmt/core.h>

#include <string_view>

#include "heed/core/error.h"

namespace heed {

namespace {

bool is_table_file(const std::string& file, const Recipe& recipe) {
    if (file == "-") return false;
    if (is_data_setting_given(recipe, "format") && recipe.value("data", "format") != "auto") return true;
    std::string_view name = file;
    for (const std::string_view packed : {".gz", ".xz"}) {
        if (name.ends_with(packed)) name.remove_suffix(packed.size());
    }
    return name.ends_with(".csv") || name.ends_with(".tsv") || name.ends_with(".jsonl");
}

}  // namespace

bool is_data_setting_given(const Recipe& recipe, const std::string& leaf) {
    return recipe.section("data").source(leaf).kind == Source::Kind::command_line;
}

bool are_table_files(const std::string& command, const std::vector<std::string>& files, const Recipe& recipe,
                     const std::vector<std::string>& settings) {
    std::string table, lines;
    for (const std::string& file : files) (is_table_file(file, recipe) ? table : lines) = file;
    if (!table.empty() && !lines.empty()) {
        throw UserError(fmt::format(
            "heed {} expects tables or files with a text a line, got both: {} is a table by its name, {} is none",
            command, table, lines));
    }
    if (!table.empty()) return true;
    std::vector<std::string> refused = settings;
    refused.emplace_back("name");
    refuse_table_settings(recipe, refused, (lines.empty() ? "standard input" : lines) + " is none");
    return false;
}

void refuse_table_settings(const Recipe& recipe, const std::vector<std::string>& settings, const std::string& reason) {
    for (const std::string& leaf : settings) {
        if (is_data_setting_given(recipe, leaf)) {
            throw UserError(fmt::format("data.{} is for tables (.csv, .tsv, .jsonl), but {}", leaf, reason));
        }
    }
}

}  // namespace heed
