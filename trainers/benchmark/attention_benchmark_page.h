#pragma once

#include <string>

#include "heed/trainers/benchmark/attention_benchmark.h"

namespace heed {

/// One page that needs no other file: for each pattern time and memory over the length on logarithmic axes, and the
/// tables.
std::string attention_benchmark_page(const AttentionBenchmark& benchmark);

}  // namespace heed
