#include "heed/trainers/benchmark/attention_benchmark.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "heed/core/cpu/isa.h"
#include "heed/core/error.h"
#include "heed/core/parallel.h"
#include "heed/datasets/files/free_memory.h"
#include "heed/trainers/benchmark/attention_passes.h"
#include "heed/trainers/loop/stop_request.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr double gibibyte = 1 << 30;
constexpr int64_t longest_probe = 128;  ///< tokens

/// Work that a pass is taken to be proportional to: its multiply-adds, and what it does to every feature beside them.
double work_of(const AttentionPasses& passes, const AttentionBenchmarkOptions& options, int64_t length) {
    constexpr double beside = 16.0;
    return passes.multiplies() + beside * static_cast<double>(options.batch * options.dim * length);
}

class AttentionMeasuring {
public:
    explicit AttentionMeasuring(const AttentionBenchmarkPlan& plan)
        : plan_(plan), options_(plan.options), most_bytes_(memory_limit(plan.options)) {}

    double most_bytes() const { return most_bytes_; }

    void measure(AttentionPattern pattern, const AttentionBenchmarkProgress& progress,
                 std::vector<AttentionBenchmarkCell>& cells) {
        seconds_per_work_.assign(plan_.types.size(), 0.0);
        for (const int64_t length : plan_.lengths) {
            stop_point();
            if (progress) progress(pattern, length);
            std::vector<AttentionBenchmarkCell> at_length = measure_length(pattern, length);
            std::move(at_length.begin(), at_length.end(), std::back_inserter(cells));
        }
    }

private:
    /// A cell that is being measured.
    struct Running {
        AttentionBenchmarkCell* cell;
        std::unique_ptr<AttentionPasses> passes;
        int64_t runs = 0;  ///< that are to be made
        std::vector<double> forward, total;
    };

    static double memory_limit(const AttentionBenchmarkOptions& options) {
        return options.memory > 0.0 ? options.memory * gibibyte : 0.8 * static_cast<double>(free_memory());
    }

    std::vector<AttentionBenchmarkCell> measure_length(AttentionPattern pattern, int64_t length) {
        std::vector<AttentionBenchmarkCell> cells(plan_.types.size());
        Context context(options_.device, options_.products());
        std::unique_ptr<AttentionPassInputs> inputs;
        std::vector<Running> running;
        for (size_t type = 0; type < cells.size(); ++type) {
            AttentionBenchmarkCell& cell = cells[type];
            cell.type = type;
            cell.pattern = pattern;
            cell.length = length;
            std::unique_ptr<AttentionPasses> passes = passes_that_fit(cell);
            if (!passes) continue;
            if (!inputs) inputs = std::make_unique<AttentionPassInputs>(context, options_, pattern, length);
            running.push_back({&cell, std::move(passes), 0, {}, {}});
        }
        for (Running& each : running) warm_up(context, *inputs, each);
        for (int64_t run = 0; run < options_.runs; ++run) {
            for (Running& each : running) {
                if (run < each.runs) measured_pass(context, *inputs, each);
            }
        }
        for (Running& each : running) {
            if (!each.forward.empty()) {
                each.cell->times = {quartiles_of(each.forward), quartiles_of(each.total), std::ssize(each.forward)};
            }
        }
        return cells;
    }

    /// The layer, where it may be run; else the cell gets the reason why not.
    std::unique_ptr<AttentionPasses> passes_that_fit(AttentionBenchmarkCell& cell) {
        const BenchmarkedType& type = plan_.types[cell.type];
        std::unique_ptr<AttentionPasses> passes;
        try {
            passes = std::make_unique<AttentionPasses>(options_, type, cell.pattern, cell.length);
        } catch (const UserError& error) {
            cell.reason = error.what();
            return nullptr;
        }
        cell.multiplies = passes->multiplies();
        const double bytes = count_bytes(cell);
        if (!cell.reason.empty()) return nullptr;
        if (bytes > most_bytes_) {
            cell.reason = fmt::format("a pass takes {} of memory, more than the {} that it may",
                                      bytes_text(std::llround(bytes)), bytes_text(std::llround(most_bytes_)));
            return nullptr;
        }
        if (seconds_per_work_[cell.type] == 0.0) probe(cell);
        const double seconds = seconds_per_work_[cell.type] * work_of(*passes, options_, cell.length);
        if (cell.reason.empty() && seconds > options_.budget) {
            cell.reason = fmt::format("a pass would take about {}, more than the budget of {}", duration_text(seconds),
                                      duration_text(options_.budget));
        }
        return cell.reason.empty() ? std::move(passes) : nullptr;
    }

    /// What a pass takes with weights and inputs, found without computing.
    double count_bytes(AttentionBenchmarkCell& cell) {
        try {
            Context context("shapes");
            const AttentionPassInputs inputs(context, options_, cell.pattern, cell.length);
            AttentionPasses passes(options_, plan_.types[cell.type], cell.pattern, cell.length);
            const AttentionPassCost cost = passes.run(context, inputs);
            cell.bytes = {cost.forward_bytes, cost.total_bytes, true};
            return static_cast<double>(context.allocator().peak_bytes());
        } catch (const Error& error) {
            cell.reason = error.what();
            return 0.0;
        }
    }

    /// Short passes, before the first length, that tell how long one of it will take.
    void probe(AttentionBenchmarkCell& cell) {
        const int64_t length = std::min(cell.length, longest_probe);
        try {
            Context context(options_.device, options_.products());
            const AttentionPassInputs inputs(context, options_, cell.pattern, length);
            AttentionPasses passes(options_, plan_.types[cell.type], cell.pattern, length);
            passes.run(context, inputs);
            const double seconds = passes.run(context, inputs).total_seconds;
            seconds_per_work_[cell.type] = seconds / work_of(passes, options_, length);
        } catch (const Error& error) {
            cell.reason = error.what();
        }
    }

    /// The first pass, which makes weights and takes memory from the system, and a second that tells how many there
    /// is time for.
    void warm_up(Context& context, const AttentionPassInputs& inputs, Running& each) {
        stop_point();
        const std::optional<AttentionPassCost> first = pass(context, inputs, each);
        if (!first) return;
        double seconds = first->total_seconds;
        if (seconds < 0.1 * options_.budget) {
            const std::optional<AttentionPassCost> second = pass(context, inputs, each);
            if (!second) return;
            seconds = second->total_seconds;
        }
        each.cell->bytes = {first->forward_bytes, first->total_bytes, false};
        each.runs = std::clamp<int64_t>(static_cast<int64_t>(options_.budget / seconds), 1, options_.runs);
        seconds_per_work_[each.cell->type] = seconds / work_of(*each.passes, options_, each.cell->length);
    }

    void measured_pass(Context& context, const AttentionPassInputs& inputs, Running& each) {
        stop_point();
        const std::optional<AttentionPassCost> cost = pass(context, inputs, each);
        if (!cost) return;
        each.forward.push_back(cost->forward_seconds);
        each.total.push_back(cost->total_seconds);
    }

    /// Nothing where an error ends it, which becomes the reason of the cell.
    static std::optional<AttentionPassCost> pass(Context& context, const AttentionPassInputs& inputs, Running& each) {
        try {
            return each.passes->run(context, inputs);
        } catch (const Error& error) {
            each.cell->reason = error.what();
            each.runs = 0;
            each.forward.clear();
            each.total.clear();
            return std::nullopt;
        }
    }

    const AttentionBenchmarkPlan& plan_;
    const AttentionBenchmarkOptions& options_;
    double most_bytes_;
    std::vector<double> seconds_per_work_;  ///< of each type in the pattern; 0: not known
};

std::vector<std::pair<std::string, std::string>> benchmark_facts(const AttentionBenchmarkPlan& plan, double bytes) {
    const AttentionBenchmarkOptions& options = plan.options;
    Context context(options.device, options.products());
    std::string device =
        fmt::format("{}, products in {} by {}", options.device, options.precision, context.device().product_engine());
    if (options.device == "cpu") device += fmt::format(", instruction set {}", isa_name(active_isa()));
    return {{"layer", fmt::format("dim {}, {} heads, batch {}", options.dim, options.heads, options.batch)},
            {"device", device},
            {"threads", fmt::format("{}", thread_count())},
            {"passes",
             fmt::format("up to {} of each, the types in turn, after one or two that do not count", options.runs)},
            {"budget", fmt::format("{} for the passes of a type in a pattern at a length, {} of memory",
                                   duration_text(options.budget), bytes_text(std::llround(bytes)))}};
}

}  // namespace

const char* cost_id(AttentionCost cost) {
    switch (cost) {
        case AttentionCost::forward_time:
            return "forward_seconds";
        case AttentionCost::total_time:
            return "total_seconds";
        case AttentionCost::forward_memory:
            return "forward_bytes";
        case AttentionCost::total_memory:
            break;
    }
    return "total_bytes";
}

const char* cost_label(AttentionCost cost) {
    switch (cost) {
        case AttentionCost::forward_time:
            return "time, forward";
        case AttentionCost::total_time:
            return "time, forward and backward";
        case AttentionCost::forward_memory:
            return "memory, forward";
        case AttentionCost::total_memory:
            break;
    }
    return "memory, forward and backward";
}

std::optional<double> cost_of(const AttentionBenchmarkCell& cell, AttentionCost cost) {
    switch (cost) {
        case AttentionCost::forward_time:
            return cell.times ? std::optional(cell.times->forward.median) : std::nullopt;
        case AttentionCost::total_time:
            return cell.times ? std::optional(cell.times->total.median) : std::nullopt;
        case AttentionCost::forward_memory:
            return cell.bytes ? std::optional(static_cast<double>(cell.bytes->forward)) : std::nullopt;
        case AttentionCost::total_memory:
            break;
    }
    return cell.bytes ? std::optional(static_cast<double>(cell.bytes->total)) : std::nullopt;
}

const AttentionBenchmarkCell& AttentionBenchmark::cell(AttentionPattern pattern, int64_t length, size_t type) const {
    const auto found = std::find_if(cells.begin(), cells.end(), [&](const AttentionBenchmarkCell& each) {
        return each.pattern == pattern && each.length == length && each.type == type;
    });
    if (found == cells.end()) throw Error("a cell of the benchmark is missing");
    return *found;
}

std::vector<TypeEfficiency> type_efficiencies(const AttentionBenchmark& benchmark) {
    const std::vector<BenchmarkedType>& types = benchmark.plan.types;
    const auto base = std::find_if(types.begin(), types.end(), [](const BenchmarkedType& each) {
        return std::string_view(each.type->name) == "sdpa";
    });
    std::vector<TypeEfficiency> efficiencies;
    if (base == types.end()) return efficiencies;
    const auto points_of = [&](AttentionPattern pattern, size_t type, AttentionCost cost) {
        std::vector<CostPoint> points;
        for (const int64_t length : benchmark.plan.lengths) {
            const std::optional<double> value = cost_of(benchmark.cell(pattern, length, type), cost);
            if (value && *value > 0.0) points.push_back({static_cast<double>(length), *value});
        }
        return points;
    };
    for (const AttentionPattern pattern : benchmark.plan.patterns) {
        for (size_t type = 0; type < types.size(); ++type) {
            if (&types[type] == &*base || !types[type].type->capabilities.can(pattern)) continue;
            for (const AttentionCost cost : attention_costs) {
                const std::vector<CostPoint> of_base =
                    points_of(pattern, static_cast<size_t>(base - types.begin()), cost);
                const std::vector<CostPoint> of_type = points_of(pattern, type, cost);
                const bool time = cost == AttentionCost::forward_time || cost == AttentionCost::total_time;
                efficiencies.push_back({type, pattern, cost, efficiency_length(of_base, of_type, time),
                                        measured_crossing(of_base, of_type)});
            }
        }
    }
    return efficiencies;
}

AttentionBenchmark measure_attention(const AttentionBenchmarkPlan& plan, const AttentionBenchmarkProgress& progress) {
    set_thread_count(plan.options.threads > 0 ? static_cast<int>(plan.options.threads) : default_thread_count());
    AttentionMeasuring measuring(plan);
    AttentionBenchmark benchmark;
    benchmark.plan = plan;
    benchmark.facts = benchmark_facts(plan, measuring.most_bytes());
    for (const AttentionPattern pattern : plan.patterns) measuring.measure(pattern, progress, benchmark.cells);
    benchmark.efficiencies = type_efficiencies(benchmark);
    return benchmark;
}

}  // namespace heed
