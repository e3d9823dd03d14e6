#pragma once

#include <string>

#include "heed/trainers/benchmark/attention_benchmark.h"

namespace heed {

/// Reads what attention_benchmark_json has written; efficiencies follow from the cells anew, facts come by
/// name. Throws UserError, naming
/// the file, where it is none of that format, is damaged, or has types or settings that this program has not.
AttentionBenchmark read_attention_benchmark(const std::string& file);

}  // namespace heed
