#include "heed/trainers/comparison/report/comparison_json.h"

#include <nlohmann/json.hpp>

#include "heed/core/settings/number_text.h"
#include "heed/trainers/answers/class_table.h"

namespace heed {

namespace {

using ComparisonJson = nlohmann::ordered_json;

ComparisonJson interval_json(const std::optional<Interval>& interval) {
    if (!interval) return nullptr;
    return {interval->low, interval->high};
}

template <class Number>
ComparisonJson optional_json(const std::optional<Number>& number) {
    return number ? ComparisonJson(*number) : ComparisonJson(nullptr);
}

ComparisonJson run_json(const Comparison& comparison, const Contender& contender, const RunResult& run) {
    ComparisonJson json;
    json["attention"] = contender.name;
    json["seed"] = run.seed;
    json["quality"] = optional_json(comparison.metric.of(run));
    for (const auto& [name, value] : run.test) json["test"][name] = value;
    for (const CostMeasure& measure : cost_measures()) json[measure.name] = optional_json(measure.of(run));
    json["folder"] = run.folder;
    return json;
}

ComparisonJson contender_json(const Contender& contender) {
    ComparisonJson json;
    json["attention"] = contender.name;
    json["settings"] = contender.settings;
    if (!contender.remark.empty()) json["remark"] = contender.remark;
    json["seeds"] = contender.quality.count;
    json["mean"] = contender.quality.mean;  // not a number where there is none: null
    json["deviation"] = contender.quality.deviation;
    json["gain"] = {{"mean", contender.gain.mean},
                    {"deviation", contender.gain.deviation},
                    {"paired_seeds", contender.paired_seeds},
                    {"interval", interval_json(contender.gain_interval)}};
    for (const CostMeasure& measure : cost_measures()) json[measure.name] = optional_json(contender.cost(measure));
    return json;
}

ComparisonJson claim_json(const JudgedClaim& judged) {
    ComparisonJson json;
    json["says"] = judged.claim.says;
    if (!judged.claim.source.empty()) json["source"] = judged.claim.source;
    json["type"] = judged.claim.type;
    json["than"] = judged.claim.than;
    json["measure"] = judged.claim.measure;
    if (judged.claim.is_of_quality()) {
        json["is"] = judged.claim.is;
        json["margin"] = judged.margin;
    } else {
        json["at_most"] = judged.claim.at_most;
    }
    json["estimate"] = optional_json(judged.estimate);
    json["interval"] = interval_json(judged.interval);
    json["seeds"] = judged.seeds;
    json["verdict"] = verdict_text(judged.verdict);
    if (!judged.reason.empty()) json["reason"] = judged.reason;
    return json;
}

std::string optional_text(const std::optional<double>& number) {
    return number ? format_double(*number) : "";
}

/// Names of the metrics that any run has measured.
std::map<std::string, double> metric_names(const Comparison& comparison) {
    std::map<std::string, double> names;
    for (const Contender& contender : comparison.contenders) {
        for (const RunResult& run : contender.runs) names.insert(run.test.begin(), run.test.end());
    }
    return names;
}

}  // namespace

std::string comparison_json(const Comparison& comparison) {
    ComparisonJson json;
    json["title"] = comparison.title;
    for (const auto& [label, value] : comparison.facts) json["facts"][label] = value;
    json["metric"] = {{"name", comparison.metric.name},
                      {"factor", comparison.metric.factor},
                      {"less_is_better", comparison.metric.less_is_better}};
    json["baseline"] = comparison.base().name;
    json["confidence"] = comparison.confidence;
    json["jobs"] = comparison.jobs;
    json["contenders"] = ComparisonJson::array();
    json["runs"] = ComparisonJson::array();
    for (const Contender& contender : comparison.contenders) {
        json["contenders"].push_back(contender_json(contender));
        for (const RunResult& run : contender.runs) json["runs"].push_back(run_json(comparison, contender, run));
    }
    json["claims"] = ComparisonJson::array();
    for (const JudgedClaim& judged : comparison.claims) json["claims"].push_back(claim_json(judged));
    json["claim_correction"] = {
        {"rule", "Bonferroni"}, {"claims", comparison.statistical_claims}, {"confidence", comparison.claim_confidence}};
    json["notes"] = comparison.notes;
    return json.dump(2, ' ', false, ComparisonJson::error_handler_t::replace) + "\n";
}

std::string comparison_csv(const Comparison& comparison) {
    const std::map<std::string, double> metrics = metric_names(comparison);
    std::string text = "attention,seed";
    for (const auto& [name, value] : metrics) text += "," + csv_field(name);
    for (const CostMeasure& measure : cost_measures()) text += std::string(",") + measure.name;
    text += ",folder\n";
    for (const Contender& contender : comparison.contenders) {
        for (const RunResult& run : contender.runs) {
            text += csv_field(contender.name) + "," + std::to_string(run.seed);
            for (const auto& [name, value] : metrics) {
                const auto found = run.test.find(name);
                text += "," + (found == run.test.end() ? std::string() : format_double(found->second));
            }
            for (const CostMeasure& measure : cost_measures()) text += "," + optional_text(measure.of(run));
            text += "," + csv_field(run.folder) + "\n";
        }
    }
    return text;
}

}  // namespace heed
