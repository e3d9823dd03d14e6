#include "heed/tests/trainers/benchmark/known_benchmark.h"

namespace heed::test {

AttentionBenchmarkPlan small_plan(const std::vector<std::string>& more) {
    std::vector<std::string> settings = {"dim=8", "heads=2", "runs=2", "threads=1", "memory=1", "budget=100"};
    settings.insert(settings.end(), more.begin(), more.end());
    return attention_benchmark_plan(settings);
}

AttentionBenchmark known_benchmark(const std::vector<std::string>& settings) {
    AttentionBenchmark benchmark;
    benchmark.plan = small_plan(settings);
    benchmark.facts = {{"layer", "dim 8"}, {"device", "a <test>"}, {"threads", "1"}};
    for (const AttentionPattern pattern : benchmark.plan.patterns) {
        for (const int64_t length : benchmark.plan.lengths) {
            const auto n = static_cast<double>(length);
            for (size_t type = 0; type < benchmark.plan.types.size(); ++type) {
                AttentionBenchmarkCell cell;
                cell.type = type;
                cell.pattern = pattern;
                cell.length = length;
                const double seconds = benchmark.name_of(type) == "sdpa" ? 1e-8 * n * n + 1e-3 : 4e-6 * n + 1e-3;
                if (benchmark.plan.types[type].type->capabilities.can(pattern)) {
                    cell.times = {{seconds, seconds, seconds}, {seconds, 3 * seconds, 4 * seconds}, 2};
                    cell.bytes = {100 * length, 300 * length, false};
                } else {
                    cell.reason = benchmark.name_of(type) + " cannot do it";
                }
                benchmark.cells.push_back(cell);
            }
        }
    }
    benchmark.efficiencies = type_efficiencies(benchmark);
    return benchmark;
}

}  // namespace heed::test
