#pragma once

#include <string>
#include <vector>

#include "heed/datasets/text/files/label_sets.h"
#include "heed/trainers/answers/input_lines.h"
#include "heed/trainers/recipe/recipe.h"
#include "heed/trainers/run/saved_model.h"
#include "heed/trainers/texts/text_facts.h"

namespace heed {

/// Texts of a table that a model is asked for.
struct TextTable {
    std::string file;
    std::vector<InputLine> texts;
    bool labelled = false;
    LabelSets labels = {};  ///< of each text where the table has them, as the model's classes
};

/// Reads the columns that the recipe names (data.text, data.label). A table need not have the column of the labels,
/// unless it is named with the command. Throws UserError, with file and line, as training does, and where a label is
/// none of the model's classes.
TextTable read_text_table(const std::string& file, const Recipe& recipe, const TextDataFacts& facts);

/// The files as tables; none where they hold lines, or there are none. Throws UserError, naming the command, where only
/// some of them are tables, and for settings of tables without any.
std::vector<TextTable> read_text_tables(const std::string& command, const std::vector<std::string>& files,
                                        const SavedModel& saved);

}  // namespace heed
