#pragma once

#include <string>

#include "heed/trainers/benchmark/attention_benchmark.h"

namespace heed {

/// All that was measured, as a JSON object; what there is none of is null.
std::string attention_benchmark_json(const AttentionBenchmark& benchmark);

}  // namespace heed
