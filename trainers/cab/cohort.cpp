#include "heed/trainers/cab/cohort.h"

#include <fmt/format.h>

#include "heed/trainers/comparison/statistics/statistics.h"

namespace heed {

namespace {

Cohort own_cohort(const Benchmark& benchmark, size_t task, size_t metric) {
    Cohort cohort;
    std::vector<double> values;
    for (size_t type = 0; type < benchmark.types.size(); ++type) {
        const BenchmarkCell& cell = benchmark.cells[task][type];
        if (cell.is_empty() || !cell.in_cohort) continue;
        values.push_back(cell.mean(metric));
        cohort.members.push_back(benchmark.types[type]);
    }
    const Summary summary = summary_of(values);
    cohort.count = summary.count;
    cohort.mean = summary.mean;
    cohort.deviation = summary.deviation;
    const BenchmarkTask& of = benchmark.tasks[task];
    if (cohort.count < least_cohort) {
        cohort.reason = fmt::format("{} has values of {} {}, an index needs {}", of.name, cohort.count,
                                    cohort.count == 1 ? "type" : "types", least_cohort);
    } else if (!(cohort.deviation > 0.0)) {
        cohort.reason = fmt::format("{} of {} is the same for all types, so that none can be scored",
                                    of.metrics[metric].name, of.name);
    }
    return cohort;
}

}  // namespace

double Cohort::score(double value, bool less_is_better) const {
    const double distance = (value - mean) / deviation;
    return less_is_better ? -distance : distance;
}

Cohorts own_cohorts(const Benchmark& benchmark) {
    Cohorts cohorts;
    for (size_t task = 0; task < benchmark.tasks.size(); ++task) {
        std::vector<Cohort>& of_task = cohorts.emplace_back();
        for (size_t metric = 0; metric < benchmark.tasks[task].metrics.size(); ++metric) {
            of_task.push_back(own_cohort(benchmark, task, metric));
        }
    }
    return cohorts;
}

}  // namespace heed
