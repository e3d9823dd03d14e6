#include "heed/trainers/explanation/relevance_measure.h"

#include <array>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"

namespace heed {

namespace {

template <class Value, size_t count>
Value value_named(const char* option, const std::string& id, const std::array<Value, count>& values,
                  const char* (*id_of)(Value)) {
    std::vector<std::string> names;
    for (const Value value : values) {
        if (id == id_of(value)) return value;
        names.emplace_back(id_of(value));
    }
    throw UserError(std::string(option) + " expects some of " + listed(names) + ", got " + quote(id) +
                    did_you_mean(id, names));
}

constexpr std::array all_measures = {RelevanceMeasure::raw_attention,
                                     RelevanceMeasure::effective_attention,
                                     RelevanceMeasure::least_norm_attention,
                                     RelevanceMeasure::gradient_attention,
                                     RelevanceMeasure::rollout,
                                     RelevanceMeasure::gradient_rollout,
                                     RelevanceMeasure::leave_one_out,
                                     RelevanceMeasure::random_order};

}  // namespace

std::span<const RelevanceMeasure> relevance_measures() {
    return all_measures;
}

const char* relevance_name(RelevanceMeasure measure) {
    switch (measure) {
        case RelevanceMeasure::raw_attention:
            return "raw attention";
        case RelevanceMeasure::effective_attention:
            return "effective attention";
        case RelevanceMeasure::least_norm_attention:
            return "least-norm attention";
        case RelevanceMeasure::gradient_attention:
            return "gradient-weighted attention";
        case RelevanceMeasure::rollout:
            return "attention rollout";
        case RelevanceMeasure::gradient_rollout:
            return "gradient rollout";
        case RelevanceMeasure::leave_one_out:
            return "leave-one-out";
        case RelevanceMeasure::random_order:
            return "random order";
    }
    return "";
}

const char* relevance_id(RelevanceMeasure measure) {
    switch (measure) {
        case RelevanceMeasure::raw_attention:
            return "raw";
        case RelevanceMeasure::effective_attention:
            return "effective";
        case RelevanceMeasure::least_norm_attention:
            return "least-norm";
        case RelevanceMeasure::gradient_attention:
            return "gradient";
        case RelevanceMeasure::rollout:
            return "rollout";
        case RelevanceMeasure::gradient_rollout:
            return "gradient-rollout";
        case RelevanceMeasure::leave_one_out:
            return "leave-one-out";
        case RelevanceMeasure::random_order:
            return "random";
    }
    return "";
}

RelevanceMeasure relevance_measure_named(const char* option, const std::string& id) {
    return value_named(option, id, all_measures, relevance_id);
}

const char* removal_id(Removal removal) {
    return removal == Removal::keys ? "keys" : "replacement";
}

Removal removal_named(const char* option, const std::string& id) {
    return value_named(option, id, std::array{Removal::keys, Removal::replacement}, removal_id);
}

}  // namespace heed
