#pragma once

#include <string>
#include <vector>

#include "heed/trainers/benchmark/attention_benchmark.h"

namespace heed::test {

/// A small layer, with these settings behind it.
AttentionBenchmarkPlan small_plan(const std::vector<std::string>& more);

/// A benchmark whose costs are known. Of n tokens a forward pass of sdpa takes 1e-8 n^2 + 1e-3 seconds, one of other
/// types 4e-6 n + 1e-3, which meet at 400 tokens, and 100 n bytes; with backward it is three times as much. Types that
/// cannot do a pattern have the reason.
AttentionBenchmark known_benchmark(const std::vector<std::string>& settings = {
                                       "types=sdpa,smyrf", "patterns=causal_self", "lengths=100,200,400,800,1600"});

}  // namespace heed::test
