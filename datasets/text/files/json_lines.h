#pragma once

#include "heed/datasets/text/files/table_reader.h"

namespace heed {

/// read_table for a JSON object a line. Values are text, or without `only_text` also numbers, truth values, and arrays
/// of these.
void read_json_lines(const TextFile& file, const std::vector<std::string>& columns, bool only_text,
                     const std::function<void(int64_t line, std::span<const TableValue> values)>& row);

/// The keys of the first object; none in an empty file. UserError as above.
std::vector<std::string> first_json_keys(const TextFile& file);

}  // namespace heed
