#include "heed/trainers/comparison/report/comparison_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace heed {

namespace {

constexpr const char* nothing = "-";

/// Characters that a terminal shows; all of ours are one column wide.
size_t width_of(const std::string& text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string quality_text(const Comparison& comparison, const Contender& contender) {
    if (contender.quality.count == 0) return nothing;
    const std::string mean = comparison.metric.text(contender.quality.mean);
    if (contender.quality.count == 1) return mean;
    return fmt::format("{:.{}f} ± {}", contender.quality.mean, comparison.metric.decimals,
                       comparison.metric.text(contender.quality.deviation));
}

std::string gain_text(const Comparison& comparison, const Contender& contender) {
    if (&contender == &comparison.base()) return "baseline";
    if (contender.gain.count == 0) return nothing;
    const QualityMetric& metric = comparison.metric;
    const std::string gain = metric.difference_text(contender.gain.mean);
    if (!contender.gain_interval) return gain;
    return fmt::format("{} ({} to {})", gain, metric.difference_text(contender.gain_interval->low),
                       metric.difference_text(contender.gain_interval->high));
}

std::string estimate_text(const Comparison& comparison, const JudgedClaim& judged) {
    if (!judged.estimate) return nothing;
    if (judged.claim.is_of_quality()) {
        const QualityMetric& metric = comparison.metric;
        if (!judged.interval) return metric.difference_text(*judged.estimate);
        return fmt::format("{} ({} to {})", metric.difference_text(*judged.estimate),
                           metric.difference_text(judged.interval->low), metric.difference_text(judged.interval->high));
    }
    if (!judged.interval) return fmt::format("{:.1f} %", 100.0 * *judged.estimate);
    return fmt::format("{:.1f} % ({:.1f} to {:.1f})", 100.0 * *judged.estimate, 100.0 * judged.interval->low,
                       100.0 * judged.interval->high);
}

std::string verdict_cell(const JudgedClaim& judged) {
    std::string text = verdict_text(judged.verdict);
    if (judged.verdict == Verdict::cannot_be_told && judged.reason.empty()) {
        text += fmt::format(" from {} seeds", judged.seeds);
    }
    return judged.reason.empty() ? text : text + ": " + judged.reason;
}

}  // namespace

TextTable result_table(const Comparison& comparison) {
    const QualityMetric& metric = comparison.metric;
    TextTable table = {{"attention", "seeds", metric.name + (metric.less_is_better ? " (less is better)" : ""),
                        fmt::format("gain over {} ({:g} %)", comparison.base().name, 100.0 * comparison.confidence)}};
    for (const CostMeasure& measure : cost_measures()) table.front().emplace_back(measure.label);
    for (const Contender& contender : comparison.contenders) {
        std::vector<std::string> row = {contender.name, std::to_string(contender.runs.size()),
                                        quality_text(comparison, contender), gain_text(comparison, contender)};
        for (const CostMeasure& measure : cost_measures()) {
            const std::optional<double> cost = contender.cost(measure);
            row.push_back(cost ? measure.text(*cost) : nothing);
        }
        table.push_back(std::move(row));
    }
    return table;
}

TextTable claim_table(const Comparison& comparison) {
    TextTable table = {{"claim", "verdict", "measured"}};
    for (const JudgedClaim& judged : comparison.claims) {
        table.push_back({judged.claim.says, verdict_cell(judged), estimate_text(comparison, judged)});
    }
    return table;
}

std::string aligned(const TextTable& table) {
    std::vector<size_t> widths(table.front().size(), 0);
    for (const auto& row : table) {
        for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
    }
    std::string text;
    for (const auto& row : table) {
        std::string line;
        for (size_t i = 0; i < row.size(); ++i) {
            const std::string space(widths[i] - width_of(row[i]), ' ');
            line += (i == 0 ? "" : "  ") + (i == 0 ? row[i] + space : space + row[i]);
        }
        text += line + "\n";
    }
    return text;
}

std::string markdown(const TextTable& table) {
    std::string text;
    for (size_t row = 0; row < table.size(); ++row) {
        text += "|";
        for (const std::string& cell : table[row]) {
            text += " ";
            for (const char c : cell) text += c == '|' ? std::string("\\|") : std::string(1, c);
            text += " |";
        }
        text += "\n";
        if (row > 0) continue;
        text += "|---|";
        for (size_t i = 1; i < table[row].size(); ++i) text += "---:|";
        text += "\n";
    }
    return text;
}

std::string claim_method(const Comparison& comparison) {
    const double corrected = 100.0 * comparison.claim_confidence;
    return fmt::format(
        "A claim holds, or does not, where the whole interval lies on one side of the margin. The intervals are those "
        "of Student's t for the mean of the differences paired by seed (of logarithms of ratios for times), with "
        "Bonferroni's correction for {} {}: {:.{}f} % each, so that all hold together with 95 %. What is counted is "
        "exact and needs no interval.",
        comparison.statistical_claims, comparison.statistical_claims == 1 ? "claim" : "claims", corrected,
        corrected < 95.05 ? 0 : 2);
}

std::string comparison_markdown(const Comparison& comparison) {
    std::string text = "# " + comparison.title + "\n\n";
    for (const auto& [label, value] : comparison.facts) text += fmt::format("- {}: {}\n", label, value);
    text += "\n" + markdown(result_table(comparison)) + "\n";
    for (const std::string& note : comparison.notes) text += note + "\n\n";
    if (!comparison.claims.empty()) {
        text += "## Claims\n\n" + markdown(claim_table(comparison)) + "\n" + claim_method(comparison) + "\n";
    }
    return text;
}

}  // namespace heed
