#include "heed/trainers/comparison/quality.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"

namespace heed {

namespace {

/// What the tests of all runs that have one tell.
std::vector<std::string> common_metrics(const std::vector<RunResult>& runs) {
    std::vector<std::string> names;
    const auto tested = std::find_if(runs.begin(), runs.end(), [](const RunResult& run) { return !run.test.empty(); });
    if (tested == runs.end()) throw UserError("no run has read its test set (train.test): there is nothing to compare");
    for (const auto& [name, value] : tested->test) {
        const auto has = [&](const RunResult& run) { return run.test.empty() || run.test.contains(name); };
        if (std::all_of(runs.begin(), runs.end(), has)) names.push_back(name);
    }
    return names;
}

bool is_one_of(const std::string& name, std::initializer_list<const char*> names) {
    return std::any_of(names.begin(), names.end(), [&](const char* each) { return name.starts_with(each); });
}

}  // namespace

std::optional<double> QualityMetric::of(const RunResult& run) const {
    const auto found = run.test.find(name);
    return found == run.test.end() ? std::nullopt : std::optional(factor * found->second);
}

std::string QualityMetric::text(double value) const {
    return fmt::format("{:.{}f}{}", value, decimals, suffix);
}

std::string QualityMetric::difference_text(double difference) const {
    return fmt::format("{:+.{}f}", difference, decimals);
}

QualityMetric quality_metric(const std::string& name, const std::vector<RunResult>& runs) {
    const std::vector<std::string> names = common_metrics(runs);
    const auto has = [&](const char* each) { return std::find(names.begin(), names.end(), each) != names.end(); };
    QualityMetric metric = {.name = name};
    if (name.empty()) {
        const std::initializer_list<const char*> usual = {"bleu", "rouge1", "micro_f1", "accuracy"};
        const auto* const first = std::find_if(usual.begin(), usual.end(), has);
        metric.name = first == usual.end() ? "mse" : *first;
    }
    if (!has(metric.name.c_str())) {
        throw UserError("--metric expects one that all runs have measured, got " + quote(metric.name) +
                        did_you_mean(metric.name, names) + "; there are " + listed(names));
    }
    if (metric.name.ends_with("mse") || metric.name.ends_with("mae") || metric.name.ends_with("_real")) {
        metric.less_is_better = true;
        metric.decimals = 4;
        metric.margin = 0.001;
    } else if (is_one_of(metric.name, {"loss", "perplexity", "smoothed_perplexity"})) {
        metric.less_is_better = true;
        metric.decimals = 4;
        metric.margin = 0.02;
    } else if (!is_one_of(metric.name, {"bleu", "chrf", "rouge"})) {
        metric.factor = 100.0;
        metric.suffix = " %";
    }
    return metric;
}

}  // namespace heed
