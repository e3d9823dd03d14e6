#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "heed/datasets/text/files/table_reader.h"
#include "heed/datasets/text/files/text_source.h"

namespace heed {

/// What becomes of a row without text.
enum class EmptyText { keep, skip, error };

/// Which columns of a table hold texts and labels.
struct TextColumns {
    std::optional<TableFormat> format;  ///< nothing: as the name of the file tells
    bool header = true;
    std::vector<std::string> text = {"text"};  ///< several are joined by a line end, empty ones left out
    std::string label = "label";
    std::string label_separator;  ///< between the labels of a text; empty: a text has one label
    int64_t width = 0;            ///< columns that CSV and TSV files have; 0: any number
    char separator = 0;           ///< between the columns of a CSV file; 0: a comma
    bool label_may_lack = false;  ///< without that column there are rows without labels
    EmptyText empty = EmptyText::error;
    std::string empty_advice;  ///< what an error of an empty text adds
};

/// A text and its labels as a file has them, without white space at their ends.
struct TextRow {
    std::string text;
    std::vector<std::string> labels;
    int64_t line = 0;
};

struct TextRows {
    std::string file;
    std::vector<TextRow> rows;
    int64_t skipped = 0;   ///< rows without text that were left out
    bool labelled = true;  ///< whether there is a column of labels
};

/// Reads the rows of a table. UserError, with file and line, where a text is empty and that is an error, or a label is
/// missing though each text has one; where there is no row at all.
TextRows read_text_rows(const std::filesystem::path& file, const TextColumns& columns);

/// All labels, each once: as numbers where all are whole numbers, else by their bytes.
std::vector<std::string> labels_of(const TextRows& rows);

/// The rows as a source with these classes. UserError, with file and line, where a label is none of them.
std::shared_ptr<const TextSource> make_text_source(TextRows rows, const std::vector<std::string>& class_names,
                                                   bool several_labels);

}  // namespace heed
