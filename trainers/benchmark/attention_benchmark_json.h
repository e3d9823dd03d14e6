#pragma once

#include <string>

#include "heed/trainers/benchmark/attention_benchmark.h"

namespace heed {

/// What the JSON says that it is; the number rises when what it holds changes its meaning.
inline constexpr const char* attention_benchmark_format = "heed-attention-benchmark-1";

/// All that was measured, as a JSON object; what there is none of is null.
std::string attention_benchmark_json(const AttentionBenchmark& benchmark);

}  // namespace heed
