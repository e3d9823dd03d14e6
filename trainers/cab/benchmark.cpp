#include "heed/trainers/cab/benchmark.h"

#include <algorithm>

#include "heed/trainers/comparison/statistics/statistics.h"

namespace heed {

double BenchmarkCell::mean(size_t metric) const {
    return summary_of(values(metric)).mean;
}

std::vector<double> BenchmarkCell::values(size_t metric) const {
    std::vector<double> all;
    for (const auto& [seed, each] : seeds) all.push_back(each.at(metric));
    return all;
}

Benchmark::Benchmark(std::vector<BenchmarkTask> all_tasks, std::vector<std::string> all_types,
                     std::string baseline_type)
    : tasks(std::move(all_tasks)),
      types(std::move(all_types)),
      baseline(std::move(baseline_type)),
      cells(tasks.size(), std::vector<BenchmarkCell>(types.size())) {}

std::vector<AttentionPattern> Benchmark::patterns() const {
    std::vector<AttentionPattern> found;
    for (const BenchmarkTask& task : tasks) found.push_back(task.pattern);
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

std::vector<size_t> Benchmark::tasks_of(AttentionPattern pattern) const {
    std::vector<size_t> indices;
    for (size_t i = 0; i < tasks.size(); ++i) {
        if (tasks[i].pattern == pattern) indices.push_back(i);
    }
    return indices;
}

size_t Benchmark::find_type(const std::string& type) const {
    return static_cast<size_t>(std::find(types.begin(), types.end(), type) - types.begin());
}

}  // namespace heed
