#include "heed/trainers/explanation/explanation_json.h"

#include <nlohmann/json.hpp>
#include <string>

namespace heed {

namespace {

using ExplanationJson = nlohmann::ordered_json;

const char* place_id(AttentionPlace place) {
    switch (place) {
        case AttentionPlace::encoder:
            return "encoder";
        case AttentionPlace::decoder:
            return "decoder";
        case AttentionPlace::cross:
            return "cross";
    }
    return "";
}

/// The id of a measure by its name, under which it stands in all of the JSON; other names are as they are.
std::string id_of(const std::string& name) {
    for (const RelevanceMeasure measure : relevance_measures()) {
        if (name == relevance_name(measure)) return relevance_id(measure);
    }
    return name;
}

ExplanationJson head_json(const HeadExplanation& head) {
    const HeadMeasures& own = head.measures;
    ExplanationJson json = {{"place", place_id(head.place)},
                            {"layer", head.layer},
                            {"head", head.head},
                            {"queries", head.queries},
                            {"keys", head.keys},
                            {"value_dim", head.value_dim},
                            {"rank", own.rank},
                            {"freedom", own.freedom},
                            {"changed_rows", own.changed_rows},
                            {"total_variation", own.total_variation},
                            {"greatest_total_variation", own.greatest_total_variation},
                            {"jensen_shannon", own.jensen_shannon},
                            {"entropy", own.entropy},
                            {"least_norm_entropy", own.least_norm_entropy},
                            {"support", own.support},
                            {"least_norm_support", own.least_norm_support},
                            {"kendall_tau", own.kendall_tau},
                            {"top_overlap", own.top_overlap},
                            {"effective_sum", own.effective_sum},
                            {"effective_negative_mass", own.effective_negative_mass}};
    for (size_t i = 0; i < own.methods.size(); ++i) {
        json["rows_by_method"][least_norm_method_name(static_cast<LeastNormMethod>(i))] = own.methods[i];
    }
    json["greatest_optimality_error"] = own.greatest_optimality_error;
    json["greatest_output_error"] = own.greatest_output_error;
    return json;
}

ExplanationJson sets_json(const TokenSets& sets) {
    ExplanationJson json;
    json["smallest"] = sets.smallest ? ExplanationJson(*sets.smallest) : ExplanationJson(nullptr);
    json["found_by"] = sets.smallest ? ExplanationJson(id_of(sets.found_by)) : ExplanationJson(nullptr);
    json["proven"] = sets.proven;
    json["exhaustive_size"] = sets.exhaustive_size;
    json["runs"] = sets.runs;
    for (const OrderedTokenSet& set : sets.by_order) {
        ExplanationJson own;
        own["prefix"] = set.prefix ? ExplanationJson(*set.prefix) : ExplanationJson(nullptr);
        own["units"] = set.prefix ? ExplanationJson(set.tokens) : ExplanationJson(nullptr);
        own["minimal"] = set.minimal;
        json["by_order"][id_of(set.measure)] = own;
    }
    return json;
}

ExplanationJson removal_json(const Explanation& explanation, const RemovalExplanation& removal) {
    ExplanationJson json;
    json["runs"] = removal.runs;
    for (size_t i = 0; i < removal.curves.size(); ++i) {
        const RemovalCurve& curve = removal.curves[i];
        json["relevance"][relevance_id(removal.relevance[i].measure)] = removal.relevance[i].units;
        json["curves"][relevance_id(removal.relevance[i].measure)] = {
            {"comprehensiveness", curve.comprehensiveness},
            {"sufficiency", curve.sufficiency},
            {"comprehensiveness_area", curve.comprehensiveness_area()},
            {"sufficiency_area", curve.sufficiency_area()}};
    }
    if (!explanation.searched) return json;
    json["necessary"] = sets_json(removal.necessary);
    json["sufficient"] = sets_json(removal.sufficient);
    return json;
}

ExplanationJson mean_json(const MeanOverInputs& mean) {
    ExplanationJson json = {{"inputs", mean.count}};
    json["mean"] = mean.count > 0 ? ExplanationJson(mean.mean) : ExplanationJson(nullptr);
    if (mean.interval) json["interval"] = {mean.interval->low, mean.interval->high};
    return json;
}

ExplanationJson compared_json(const ComparedMean& mean) {
    ExplanationJson json = mean_json(mean.own);
    if (mean.above_raw) json["above_raw"] = mean_json(*mean.above_raw);
    return json;
}

}  // namespace

ExplanationJson explanation_json(const Explanation& explanation) {
    const ExplainedInput& input = explanation.input;
    const ExplainedPrediction& prediction = explanation.prediction;
    ExplanationJson json;
    json["input"] = input.place;
    if (!input.image) json["text"] = input.text;
    if (input.target) {
        json["translation"] = input.target->text;
        json["target_tokens"] = input.target->tokens;
        json["position"] = input.target->position + 1;
    }
    if (!input.truth.empty()) json["truth"] = input.truth;
    json["explained"] = prediction.label;
    json["probability"] = prediction.probability;
    json["predicted"] = prediction.predicted;
    json["units"] = ExplanationJson::array();
    json["fixed"] = ExplanationJson::array();
    for (size_t i = 0; i < input.units.size(); ++i) {
        json["units"].push_back(input.units[i].name);
        if (input.units[i].fixed) json["fixed"].push_back(i);
    }
    json["shares"] = removal_shares;
    for (const RemovalExplanation& removal : explanation.removals) {
        json["removals"][removal_id(removal.removal)] = removal_json(explanation, removal);
    }
    json["heads"] = ExplanationJson::array();
    for (const HeadExplanation& head : explanation.heads) json["heads"].push_back(head_json(head));
    const auto substitution = [](const Substitution& of) -> ExplanationJson {
        return {{"greatest_logit_difference", of.difference}, {"same_prediction", of.same_prediction}};
    };
    json["implementation_check"] = {{"greatest_logit", explanation.check.scale},
                                    {"least_norm", substitution(explanation.check.least_norm)},
                                    {"random_equivalent", substitution(explanation.check.random_equivalent)},
                                    {"clipped_effective", substitution(explanation.check.clipped_effective)}};
    json["seconds"] = explanation.seconds;
    return json;
}

ExplanationJson heads_over_inputs_json(const std::vector<HeadExplanation>& heads, const SubstitutionCounts& checks) {
    ExplanationJson json;
    json["predictions"] = checks.predictions;
    json["heads"] = ExplanationJson::array();
    for (const HeadExplanation& head : heads) json["heads"].push_back(head_json(head));
    const auto counted = [](const SubstitutionCounts::Counted& of) -> ExplanationJson {
        return {{"same_predictions", of.same_predictions}, {"greatest_relative_difference", of.greatest_difference}};
    };
    json["implementation_check"] = {{"least_norm", counted(checks.least_norm)},
                                    {"random_equivalent", counted(checks.random_equivalent)},
                                    {"clipped_effective", counted(checks.clipped_effective)}};
    return json;
}

ExplanationJson measure_table_json(Removal removal, int64_t inputs, const std::vector<MeasureResult>& results) {
    ExplanationJson json;
    json["removal"] = removal_id(removal);
    json["inputs"] = inputs;
    json["shares"] = removal_shares;
    for (const MeasureResult& result : results) {
        ExplanationJson own;
        for (size_t share = 0; share < removal_shares.size(); ++share) {
            own["comprehensiveness"].push_back(compared_json(result.comprehensiveness[share]));
            own["sufficiency"].push_back(compared_json(result.sufficiency[share]));
        }
        own["comprehensiveness_area"] = compared_json(result.comprehensiveness_area);
        own["sufficiency_area"] = compared_json(result.sufficiency_area);
        own["necessary"] = compared_json(result.necessary);
        own["sufficient"] = compared_json(result.sufficient);
        json["measures"][id_of(result.measure)] = own;
    }
    return json;
}

}  // namespace heed
