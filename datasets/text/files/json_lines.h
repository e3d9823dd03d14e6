#pragma once

#include "heed/datasets/text/files/table_reader.h"

namespace heed {

/// read_table for a JSON object a line. Values are text, numbers, truth values, or arrays of these.
void read_json_lines(const TextFile& file, const std::vector<std::string>& columns,
                     const std::function<void(int64_t line, std::span<const TableValue> values)>& row);

}  // namespace heed
