#pragma once

#include <string>
#include <vector>

#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// Whether the files of a command are read as tables: by their names (.csv, .tsv, .jsonl), or as data.format is given
/// with the command. Throws UserError, naming the command, where only some of them are tables, and for `settings` of
/// tables (of the section data) that were given without any.
bool are_table_files(const std::string& command, const std::vector<std::string>& files, const Recipe& recipe,
                     const std::vector<std::string>& settings);

/// Throws UserError where the command gave one of these settings of tables ("label") though `reason` ("x.txt is none").
void refuse_table_settings(const Recipe& recipe, const std::vector<std::string>& settings, const std::string& reason);

/// Whether the command gave a setting of the section data.
bool is_data_setting_given(const Recipe& recipe, const std::string& leaf);

}  // namespace heed
