#pragma once

#include <string>

#include "heed/trainers/cab/report/benchmark_report.h"

namespace heed {

/// The benchmark as a page that needs no other file.
std::string benchmark_page(const BenchmarkReport& report);

}  // namespace heed
