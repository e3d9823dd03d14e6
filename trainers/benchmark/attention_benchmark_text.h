#pragma once

#include <string>
#include <vector>

#include "heed/trainers/benchmark/attention_benchmark.h"

namespace heed {

/// A table as rows of cells, the first of which are the names of the columns.
using BenchmarkTable = std::vector<std::vector<std::string>>;

/// Each type at each length: times with their quartiles, or bytes, forward and with backward.
BenchmarkTable time_table(const AttentionBenchmark& benchmark, AttentionPattern pattern);
BenchmarkTable memory_table(const AttentionBenchmark& benchmark, AttentionPattern pattern);

/// Each type's efficiency lengths against sdpa; empty where there are none.
BenchmarkTable efficiency_table(const AttentionBenchmark& benchmark, AttentionPattern pattern);

/// Why cells of a pattern have no times, each reason with all cells that it holds for.
std::vector<std::string> empty_cells(const AttentionBenchmark& benchmark, AttentionPattern pattern);

/// How times, bytes and efficiency lengths are to be read, and the settings of types. Sentences.
std::vector<std::string> benchmark_notes(const AttentionBenchmark& benchmark);

/// All of it for a terminal.
std::string attention_benchmark_text(const AttentionBenchmark& benchmark);

/// One line a cell.
std::string attention_benchmark_csv(const AttentionBenchmark& benchmark);

}  // namespace heed
