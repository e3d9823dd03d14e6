#include "heed/trainers/cab/compositional_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "heed/core/settings/nearest_name.h"

namespace heed {

namespace {

constexpr double index_confidence = 0.95;

class PatternScores {
public:
    PatternScores(const Benchmark& benchmark, const Cohorts& cohorts, AttentionPattern pattern)
        : benchmark_(benchmark), cohorts_(cohorts) {
        board_.pattern = pattern;
        board_.tasks = benchmark.tasks_of(pattern);
        for (const size_t task : board_.tasks) {
            for (const Cohort& cohort : cohorts[task]) {
                if (board_.reason.empty()) board_.reason = cohort.reason;
            }
        }
    }

    Leaderboard board() {
        for (size_t type = 0; type < benchmark_.types.size(); ++type) board_.types.push_back(index_of(type));
        add_deltas();
        rank();
        return std::move(board_);
    }

private:
    /// Mean score of the metrics whose values are given; nothing where one of them has no scale.
    std::optional<double> task_index(size_t task, const std::vector<double>& values) const {
        double sum = 0.0;
        for (size_t metric = 0; metric < values.size(); ++metric) {
            const Cohort& cohort = cohorts_[task][metric];
            if (!cohort.reason.empty()) return std::nullopt;
            sum += cohort.score(values[metric], benchmark_.tasks[task].metrics[metric].less_is_better);
        }
        return sum / static_cast<double>(values.size());
    }

    std::vector<double> means(const BenchmarkCell& cell, size_t task) const {
        std::vector<double> values;
        for (size_t metric = 0; metric < benchmark_.tasks[task].metrics.size(); ++metric) {
            values.push_back(cell.mean(metric));
        }
        return values;
    }

    PatternIndex index_of(size_t type) {
        PatternIndex result;
        result.type = benchmark_.types[type];
        std::vector<std::string> missing;
        for (const size_t task : board_.tasks) {
            const BenchmarkCell& cell = benchmark_.cells[task][type];
            result.tasks.push_back(cell.is_empty() ? std::nullopt : task_index(task, means(cell, task)));
            if (cell.is_empty()) missing.push_back(benchmark_.tasks[task].name);
        }
        if (!missing.empty()) result.reason = "no value of " + listed(missing);
        if (missing.empty() && !board_.reason.empty()) result.reason = board_.reason;
        if (!result.reason.empty()) return result;
        result.index = mean_of(result.tasks);
        std::map<int64_t, double>& seeds = by_seed_[result.type] = indices_by_seed(type);
        std::vector<double> values;
        for (const auto& [seed, index] : seeds) values.push_back(index);
        result.seeds = summary_of(values);
        result.interval = mean_interval(values, index_confidence);
        return result;
    }

    static double mean_of(const std::vector<std::optional<double>>& values) {
        double sum = 0.0;
        for (const std::optional<double>& value : values) sum += *value;
        return sum / static_cast<double>(values.size());
    }

    std::map<int64_t, double> indices_by_seed(size_t type) const {
        std::map<int64_t, double> indices;
        for (const auto& [seed, ignored] : benchmark_.cells[board_.tasks.front()][type].seeds) {
            std::vector<std::optional<double>> tasks;
            for (const size_t task : board_.tasks) {
                const auto& seeds = benchmark_.cells[task][type].seeds;
                if (const auto found = seeds.find(seed); found != seeds.end()) {
                    tasks.push_back(task_index(task, found->second));
                }
            }
            if (tasks.size() == board_.tasks.size()) indices[seed] = mean_of(tasks);
        }
        return indices;
    }

    void add_deltas() {
        const PatternIndex* base = nullptr;
        for (const PatternIndex& each : board_.types) {
            if (each.type == benchmark_.baseline && each.index) base = &each;
        }
        if (!base) return;
        for (PatternIndex& each : board_.types) {
            if (!each.index) continue;
            each.delta = *each.index - *base->index;
            if (&each == base) continue;
            std::vector<double> differences;
            for (const auto& [seed, index] : by_seed_.at(each.type)) {
                const auto& of_base = by_seed_.at(base->type);
                if (const auto found = of_base.find(seed); found != of_base.end()) {
                    differences.push_back(index - found->second);
                }
            }
            each.delta_interval = mean_interval(differences, index_confidence);
        }
    }

    void rank() {
        std::stable_sort(board_.types.begin(), board_.types.end(), [](const PatternIndex& a, const PatternIndex& b) {
            return a.index && (!b.index || *a.index > *b.index);
        });
        const auto end = std::find_if(board_.types.begin(), board_.types.end(), [](const auto& e) { return !e.index; });
        for (auto each = board_.types.begin(); each != end; ++each) {
            each->rank = each - board_.types.begin() + 1;
            for (auto before = board_.types.begin(); before != each; ++before) {
                if (*before->index == *each->index) each->rank = std::min(each->rank, before->rank);
            }
        }
        if (by_seed_.empty()) return;
        for (const auto& [seed, ignored] : by_seed_.begin()->second) rank_by(seed, end);
    }

    /// Widens the span of ranks by those of one seed, where all types have it.
    void rank_by(int64_t seed, std::vector<PatternIndex>::iterator end) {
        const auto all_have =
            std::all_of(by_seed_.begin(), by_seed_.end(), [&](const auto& each) { return each.second.contains(seed); });
        if (!all_have) return;
        for (auto each = board_.types.begin(); each != end; ++each) {
            const double own = by_seed_.at(each->type).at(seed);
            int64_t rank = 1;
            for (const auto& [type, seeds] : by_seed_) rank += seeds.at(seed) > own ? 1 : 0;
            each->best_rank = each->best_rank == 0 ? rank : std::min(each->best_rank, rank);
            each->worst_rank = std::max(each->worst_rank, rank);
        }
    }

    const Benchmark& benchmark_;
    const Cohorts& cohorts_;
    Leaderboard board_;
    std::map<std::string, std::map<int64_t, double>> by_seed_;  // of the types with an index
};

}  // namespace

const PatternIndex& Leaderboard::of(const std::string& type) const {
    for (const PatternIndex& each : types) {
        if (each.type == type) return each;
    }
    throw std::logic_error("a leaderboard has no type " + type);
}

std::vector<Leaderboard> leaderboards(const Benchmark& benchmark, const Cohorts& cohorts) {
    std::vector<Leaderboard> boards;
    for (const AttentionPattern pattern : benchmark.patterns()) {
        boards.push_back(PatternScores(benchmark, cohorts, pattern).board());
    }
    return boards;
}

}  // namespace heed
