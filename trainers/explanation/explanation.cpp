#include "heed/trainers/explanation/explanation.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "heed/attention/explanation/effective_attention.h"
#include "heed/attention/explanation/least_norm_attention.h"
#include "heed/attention/explanation/random_attention.h"
#include "heed/core/error.h"
#include "heed/core/random/random.h"
#include "heed/trainers/explanation/relevance.h"
#include "heed/trainers/explanation/removable_units.h"
#include "heed/trainers/inspection/attention_maps.h"
#include "heed/trainers/loop/stop_request.h"

namespace heed {

namespace {

std::vector<float> floats(const std::vector<double>& values) {
    return {values.begin(), values.end()};
}

MatrixPicture picture_of(const std::vector<float>& values, const HeadRecord& head, int64_t side) {
    if (side == 0) return {};
    return {shrunk_side(head.queries, side), shrunk_side(head.keys, side),
            shrunk_matrix(values, head.queries, head.keys, side)};
}

class SampleExplainer {
public:
    SampleExplainer(ExplainedSample& sample, const ExplainOptions& options, int64_t number)
        : sample_(sample), options_(options), number_(number) {}

    Explanation explain() {
        const auto begin = std::chrono::steady_clock::now();
        result_.input = sample_.input();
        result_.prediction = sample_.prediction();
        heads_ =
            sample_.heads(wants(RelevanceMeasure::gradient_attention) || wants(RelevanceMeasure::gradient_rollout));
        look_at_heads();
        result_.check = substitution_check();
        result_.searched = options_.search && result_.prediction.predicted;
        for (const Removal removal : options_.removals) result_.removals.push_back(remove(removal));
        result_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        return std::move(result_);
    }

private:
    bool wants(RelevanceMeasure measure) const {
        return std::find(options_.measures.begin(), options_.measures.end(), measure) != options_.measures.end();
    }

    void look_at_heads() {
        effective_ = least_norm_ = random_ = clipped_ = heads_;
        for (size_t i = 0; i < heads_.size(); ++i) {
            stop_point();
            const HeadRecord& record = heads_[i];
            const AllowedKeys allowed = {record.keys, record.causal};
            const std::vector<double> weights = distributions(record.weights, record.queries, record.keys, allowed);
            const std::vector<double> values = doubles(record.values);
            const AttentionHead head = {record.queries, record.keys, record.value_dim, weights, values, allowed};
            const std::vector<double> effective = effective_attention(head);
            const LeastNormAttention least_norm = least_norm_attention(head);
            HeadExplanation found = {
                record.place, record.layer, record.head, record.queries, record.keys, record.value_dim, {}, {}, {}};
            found.measures = head_measures(head, effective, least_norm);
            found.measures.rows.clear();
            effective_[i].weights = floats(effective);
            least_norm_[i].weights = floats(least_norm.weights);
            random_[i].weights = floats(random_equivalent_attention(head, least_norm.weights, i));
            clipped_[i].weights = floats(clipped_effective_attention(head, effective));
            found.weights = picture_of(record.weights, record, options_.picture_side);
            found.least_norm = picture_of(least_norm_[i].weights, record, options_.picture_side);
            result_.heads.push_back(std::move(found));
        }
    }

    SubstitutionCheck substitution_check() const {
        SubstitutionCheck check;
        for (const float logit : result_.prediction.logits) {
            check.scale = std::max(check.scale, std::abs(static_cast<double>(logit)));
        }
        check.least_norm = substituted(least_norm_);
        check.random_equivalent = substituted(random_);
        check.clipped_effective = substituted(clipped_);
        return check;
    }

    Substitution substituted(const std::vector<HeadRecord>& heads) const {
        stop_point();
        const std::vector<float> logits = sample_.with_weights([&](const LayerRecord& layer) {
            std::vector<float> weights;
            for (const HeadRecord& head : heads) {
                if (head.place != layer.place || head.layer != layer.layer) continue;
                weights.insert(weights.end(), head.weights.begin(), head.weights.end());
            }
            return weights;
        });
        const std::vector<float>& own = result_.prediction.logits;
        if (logits.size() != own.size()) throw Error("a pass with other weights gave another number of logits");
        Substitution found;
        for (size_t i = 0; i < own.size(); ++i) {
            found.difference =
                std::max(found.difference, std::abs(static_cast<double>(logits[i]) - static_cast<double>(own[i])));
        }
        const auto best = [](const std::vector<float>& of) {
            return std::max_element(of.begin(), of.end()) - of.begin();
        };
        found.same_prediction = best(logits) == best(own);
        return found;
    }

    /// Of a measure that does not depend on the way of removal, or, of leave-one-out, without each unit.
    std::vector<double> relevance(RelevanceMeasure measure, const std::vector<double>& leave_one_out) const {
        switch (measure) {
            case RelevanceMeasure::raw_attention:
                return raw_attention_relevance(result_.input, heads_);
            case RelevanceMeasure::effective_attention:
                return raw_attention_relevance(result_.input, effective_);
            case RelevanceMeasure::least_norm_attention:
                return raw_attention_relevance(result_.input, least_norm_);
            case RelevanceMeasure::gradient_attention:
                return gradient_attention_relevance(result_.input, heads_);
            case RelevanceMeasure::rollout:
                return rollout_relevance(result_.input, heads_);
            case RelevanceMeasure::gradient_rollout:
                return gradient_rollout_relevance(result_.input, heads_);
            case RelevanceMeasure::leave_one_out:
                return leave_one_out;
            case RelevanceMeasure::random_order:
                break;
        }
        constexpr uint64_t seed = 0;
        std::vector<double> random;
        for (const int64_t place : permutation(seed, static_cast<uint32_t>(number_), std::ssize(result_.input.units))) {
            random.push_back(static_cast<double>(place));
        }
        return random;
    }

    RemovalExplanation remove(Removal removal) {
        RemovalExplanation found;
        found.removal = removal;
        RemovableUnits units(sample_, removal);
        TokenSearch search(units.count(), [&](const std::vector<KeptTokens>& variants) {
            std::vector<uint8_t> same;
            for (const VariantAnswer& answer : units.answers(variants)) same.push_back(answer.same ? 1 : 0);
            return same;
        });
        std::vector<double> leave_one_out;
        if (wants(RelevanceMeasure::leave_one_out)) leave_one_out = falls_without_each(units, search);
        std::vector<TokenOrder> orders;
        for (const RelevanceMeasure measure : options_.measures) {
            found.relevance.push_back({measure, relevance(measure, leave_one_out)});
            orders.push_back({relevance_name(measure), order_of(units.of_all(found.relevance.back().units))});
        }
        found.curves = removal_curves(result_.prediction.probability, orders, [&](const auto& variants) {
            std::vector<double> probabilities;
            for (const VariantAnswer& answer : units.answers(variants)) probabilities.push_back(answer.probability);
            return probabilities;
        });
        if (result_.searched) {
            found.necessary = of_sample(search.find(TokenSetKind::necessary, orders, options_.limits), units);
            found.sufficient = of_sample(search.find(TokenSetKind::sufficient, orders, options_.limits), units);
        }
        found.runs = units.runs();
        return found;
    }

    /// By how much the probability falls without each unit.
    std::vector<double> falls_without_each(RemovableUnits& units, TokenSearch& search) const {
        std::vector<KeptTokens> variants;
        for (int64_t i = 0; i < units.count(); ++i) {
            variants.emplace_back(static_cast<size_t>(units.count()), uint8_t{1});
            variants.back()[static_cast<size_t>(i)] = 0;
        }
        const std::vector<VariantAnswer> answers = units.answers(variants);
        std::vector<double> falls(result_.input.units.size(), 0.0);
        for (size_t i = 0; i < answers.size(); ++i) {
            search.know(variants[i], answers[i].same);
            falls[static_cast<size_t>(units.unit(static_cast<int64_t>(i)))] =
                result_.prediction.probability - answers[i].probability;
        }
        return falls;
    }

    static std::vector<int64_t> order_of(const std::vector<double>& relevance) {
        std::vector<int64_t> order(relevance.size());
        std::iota(order.begin(), order.end(), int64_t{0});
        std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
            return relevance[static_cast<size_t>(a)] > relevance[static_cast<size_t>(b)];
        });
        return order;
    }

    /// The sets with the places of their units in the sample.
    static TokenSets of_sample(TokenSets sets, const RemovableUnits& units) {
        const auto place = [&](std::vector<int64_t>& tokens) {
            for (int64_t& token : tokens) token = units.unit(token);
        };
        for (OrderedTokenSet& set : sets.by_order) place(set.tokens);
        if (sets.smallest) place(*sets.smallest);
        return sets;
    }

    ExplainedSample& sample_;
    const ExplainOptions& options_;
    int64_t number_;
    std::vector<HeadRecord> heads_, effective_, least_norm_, random_, clipped_;
    Explanation result_;
};

}  // namespace

Explanation explain_sample(ExplainedSample& sample, const ExplainOptions& options, int64_t number) {
    return SampleExplainer(sample, options, number).explain();
}

std::vector<OrderScore> order_scores(const RemovalExplanation& removal) {
    std::vector<OrderScore> scores;
    const auto size_of = [](const TokenSets& sets, size_t i) -> std::optional<double> {
        if (i >= sets.by_order.size() || !sets.by_order[i].prefix) return std::nullopt;
        return static_cast<double>(sets.by_order[i].tokens.size());
    };
    for (size_t i = 0; i < removal.curves.size(); ++i) {
        scores.push_back({removal.curves[i], size_of(removal.necessary, i), size_of(removal.sufficient, i)});
    }
    return scores;
}

}  // namespace heed
