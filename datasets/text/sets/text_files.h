#pragma once

#include <string>
#include <vector>

#include "heed/datasets/text/files/text_rows.h"
#include "heed/datasets/text/sets/text_data_set.h"

namespace heed {

/// The settings of text_files (without "data.") that say how a table is read.
const std::vector<std::string>& text_column_settings();

/// How a table is read as these settings have it; those of other data sets name no columns, so that it is `text` and
/// `label`. Throws UserError where they give a text one label and the model any number (`several_labels`), or the
/// reverse.
TextColumns text_columns(const TextDataOptions& options, bool several_labels);

/// The test texts alone of settings of text_files, which name a test file, for a model of these classes; the other
/// parts are empty. Remarks say which of them stand in data.train_file, where that can be read. Throws UserError where
/// a label is none of the classes.
TextData open_test_texts(const TextDataOptions& options, const std::vector<std::string>& class_names,
                         bool several_labels);

}  // namespace heed
