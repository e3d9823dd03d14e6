#include "heed/trainers/cab/attention_costs.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/benchmark/attention_benchmark_file.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr std::string_view cost_baseline = "sdpa";  // of efficiency lengths

/// Index of a type among those that were measured, or their number.
size_t find_measured(const AttentionBenchmark& measured, std::string_view type) {
    const std::vector<BenchmarkedType>& types = measured.plan.types;
    const auto found =
        std::find_if(types.begin(), types.end(), [&](const auto& each) { return each.type->name == type; });
    return static_cast<size_t>(found - types.begin());
}

bool has_measured(const AttentionBenchmark& measured, AttentionPattern pattern) {
    const std::vector<AttentionPattern>& patterns = measured.plan.patterns;
    return std::find(patterns.begin(), patterns.end(), pattern) != patterns.end();
}

std::string fact_of_costs(const CostFile& file, const std::string& name) {
    for (const auto& [label, value] : file.measured.facts) {
        if (label == name) return value;
    }
    return "";
}

std::string lengths_of_costs(const CostFile& file) {
    return fmt::format("{}", fmt::join(file.measured.plan.lengths, ", "));
}

void check_measured_alike(const CostFile& first, const CostFile& other) {
    const auto check = [&](const char* what, const std::string& of_first, const std::string& of_other) {
        if (of_first == of_other) return;
        throw UserError(fmt::format("{} and {} were not measured alike: {} {}, and {}", first.file, other.file, what,
                                    of_first, of_other));
    };
    check("lengths", lengths_of_costs(first), lengths_of_costs(other));
    for (const char* name : {"layer", "device", "threads"})
        check(name, fact_of_costs(first, name), fact_of_costs(other, name));
}

/// Nobody could tell which of two measurements of a type counts; those of sdpa are what the others of a file are
/// compared with.
void refuse_second_measurement(const CostFile& first, const CostFile& other) {
    for (const BenchmarkedType& type : other.measured.plan.types) {
        const size_t index = find_measured(first.measured, type.type->name);
        if (type.type->name == cost_baseline || index == first.measured.plan.types.size()) continue;
        const AttentionSettings settings = type.settings();
        if (settings != first.measured.plan.types[index].settings()) continue;
        for (const AttentionPattern pattern : other.measured.plan.patterns) {
            if (!has_measured(first.measured, pattern)) continue;
            throw UserError(fmt::format("{} and {} both have {} in {}: expected one measurement of it", first.file,
                                        other.file, settings.text(), attention_pattern_name(pattern)));
        }
    }
}

/// "cluster=16 here, and was measured with cluster=32 (costs.json)"
std::string difference_of_settings(const AttentionSettings& here, const AttentionSettings& there,
                                   const std::string& file) {
    return fmt::format("{} here, and was measured with {} ({})", settings_unlike(here, there),
                       settings_unlike(there, here), file);
}

class PatternJoin {
public:
    PatternJoin(const Benchmark& benchmark, const std::vector<CostFile>& files, AttentionPattern pattern)
        : benchmark_(benchmark), files_(files), tasks_(benchmark.tasks_of(pattern)) {
        costs_.pattern = pattern;
        std::string unknown;
        const AttentionSettings* baseline = attention_of(benchmark.find_type(benchmark.baseline), unknown);
        for (const CostFile& file : files) {
            reasons_against_.push_back(baseline ? reason_against(file, *baseline)
                                                : "the baseline cannot be compared: " + unknown);
        }
        find_lengths();
    }

    PatternCosts costs() {
        for (size_t type = 0; type < benchmark_.types.size(); ++type) costs_.types.push_back(costs_of(type));
        return std::move(costs_);
    }

private:
    /// The attention that a type has in all tasks of the pattern; null, with the reason, where that is not one.
    const AttentionSettings* attention_of(size_t type, std::string& reason) const {
        const AttentionSettings* found = nullptr;
        size_t found_in = 0;
        for (const size_t task : tasks_) {
            const BenchmarkCell& cell = benchmark_.cells[task][type];
            const std::string& name = benchmark_.tasks[task].name;
            if (!cell.attention && !cell.is_empty()) {
                reason = "its attention in " + name + " is not known";
                return nullptr;
            }
            if (!cell.attention) {
                if (!found && reason.empty()) reason = cell.reason;
            } else if (!found) {
                found = &*cell.attention;
                found_in = task;
            } else if (*found != *cell.attention) {
                reason = fmt::format("it is {} in {} and {} in {}", found->text(), benchmark_.tasks[found_in].name,
                                     cell.attention->text(), name);
                return nullptr;
            }
        }
        if (found) reason.clear();
        return found;
    }

    /// Why nothing of a file can be compared in this pattern; empty: it can.
    std::string reason_against(const CostFile& file, const AttentionSettings& baseline) const {
        const AttentionBenchmark& measured = file.measured;
        if (!has_measured(measured, costs_.pattern)) {
            return fmt::format("{} has no {}", file.file, attention_pattern_name(costs_.pattern));
        }
        const AttentionSettings there = measured.plan.types.at(find_measured(measured, cost_baseline)).settings();
        if (baseline == there) return "";
        return fmt::format("the baseline has {}", difference_of_settings(baseline, there, file.file));
    }

    /// Of every cost the greatest length at which it is known of the baseline in each file.
    void find_lengths() {
        for (const AttentionCost cost : attention_costs) {
            int64_t& length = costs_.lengths[static_cast<size_t>(cost)];
            bool is_first = true;
            for (size_t i = 0; i < files_.size(); ++i) {
                if (!reasons_against_[i].empty()) continue;
                int64_t shared = 0;
                for (const int64_t each : files_[i].measured.plan.lengths) {
                    if (cost_at(files_[i], cost_baseline, each, cost)) shared = each;
                }
                length = is_first ? shared : std::min(length, shared);
                is_first = false;
            }
        }
    }

    std::optional<double> cost_at(const CostFile& file, std::string_view type, int64_t length,
                                  AttentionCost cost) const {
        const size_t index = find_measured(file.measured, type);
        const std::optional<double> value = cost_of(file.measured.cell(costs_.pattern, length, index), cost);
        return value && *value > 0.0 ? value : std::nullopt;
    }

    TypeCosts costs_of(size_t type) const {
        TypeCosts result = {.type = benchmark_.types[type]};
        const AttentionSettings* attention = attention_of(type, result.reason);
        if (!attention) return result;
        std::vector<std::string> reasons, names;
        for (size_t i = 0; i < files_.size(); ++i) {
            const CostFile& file = files_[i];
            names.push_back(file.file);
            const size_t index = find_measured(file.measured, attention->type->name);
            if (index == file.measured.plan.types.size()) continue;
            std::string reason = reasons_against_[i];
            const AttentionSettings there = file.measured.plan.types[index].settings();
            if (reason.empty() && *attention != there)
                reason = "it has " + difference_of_settings(*attention, there, file.file);
            if (reason.empty()) {
                fill(result, file, index);
                return result;
            }
            reasons.push_back(reason);
        }
        result.reason = reasons.empty() ? fmt::format("{} is not in {}", attention->type->name, listed(names, " or "))
                                        : fmt::format("{}", fmt::join(reasons, "; "));
        return result;
    }

    void fill(TypeCosts& result, const CostFile& file, size_t index) const {
        result.file = file.file;
        const std::string name = file.measured.name_of(index);
        for (const AttentionCost cost : attention_costs) {
            ComparedCost& compared = result.costs[static_cast<size_t>(cost)];
            const int64_t length = costs_.length(cost);
            if (length > 0) {
                const std::optional<double> own = cost_at(file, name, length, cost);
                if (own) compared.relative = *own / *cost_at(file, cost_baseline, length, cost);
            }
            for (const TypeEfficiency& each : file.measured.efficiencies) {
                if (each.type != index || each.pattern != costs_.pattern || each.cost != cost) continue;
                compared.fitted = each.fitted;
                compared.measured = each.measured;
            }
        }
        const int64_t length = costs_.length(AttentionCost::total_time);
        if (length == 0) {
            result.reason = fmt::format("no time of the baseline is in {}", file.file);
        } else if (!result.of(AttentionCost::total_time).relative) {
            result.reason = fmt::format("it has no time at {} tokens: {}", group_digits(length),
                                        file.measured.cell(costs_.pattern, length, index).reason);
        }
    }

    const Benchmark& benchmark_;
    const std::vector<CostFile>& files_;
    std::vector<size_t> tasks_;
    std::vector<std::string> reasons_against_;  ///< of each file
    PatternCosts costs_;
};

}  // namespace

std::vector<CostFile> read_cost_files(const std::vector<std::string>& files) {
    std::vector<CostFile> read;
    for (const std::string& file : files) {
        CostFile next = {file, read_attention_benchmark(file)};
        if (find_measured(next.measured, cost_baseline) == next.measured.plan.types.size()) {
            throw UserError(
                fmt::format("{}: expected {}, with which costs are compared, among its types", file, cost_baseline));
        }
        if (!read.empty()) check_measured_alike(read.front(), next);
        for (const CostFile& before : read) refuse_second_measurement(before, next);
        read.push_back(std::move(next));
    }
    return read;
}

void check_cost_baseline(const std::vector<CostFile>& files, const std::string& baseline, const std::string& type) {
    if (files.empty() || type == cost_baseline) return;
    throw UserError(fmt::format("{} compares costs with {}, but the baseline is {}{}", files.front().file,
                                cost_baseline, baseline, baseline == type ? "" : " of the type " + type));
}

const TypeCosts& PatternCosts::of(const std::string& type) const {
    for (const TypeCosts& each : types) {
        if (each.type == type) return each;
    }
    throw std::logic_error("the costs of a pattern lack the type " + type);
}

std::vector<PatternCosts> pattern_costs(const Benchmark& benchmark, const std::vector<CostFile>& files) {
    std::vector<PatternCosts> costs;
    for (const AttentionPattern pattern : benchmark.patterns()) {
        costs.push_back(PatternJoin(benchmark, files, pattern).costs());
    }
    return costs;
}

}  // namespace heed
