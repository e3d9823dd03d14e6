#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "heed/datasets/text/files/text_file.h"

namespace heed {

/// Calls `record` with the fields of each record of a CSV file and the line in which it begins. Empty lines are none.
/// UserError, with file and line, where quotes are not well formed.
void read_csv_records(const TextFile& file, char separator,
                      const std::function<void(int64_t line, std::vector<std::string>& fields)>& record);

}  // namespace heed
