#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "heed/datasets/text/parallel_options.h"

namespace heed {

/// The settings of text_pairs (without "data.") that say how a table is read, and one of sources alone.
const std::vector<std::string>& pair_column_settings();
const std::vector<std::string>& source_column_settings();

/// A source of a table, without white space at its ends; it may be empty.
struct SourceRow {
    std::string text;
    int64_t line = 0;
};

/// The sources of a table as these settings say it is read; those of other data sets name no column, so that it is
/// `source`. UserError, with file and line, as for training.
std::vector<SourceRow> read_source_rows(const std::filesystem::path& file, const ParallelDataOptions& options);

}  // namespace heed
