#include "heed/trainers/explanation/explanation_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr size_t most_named_units = 24;

/// The first of these units by name.
std::string named_units(const ExplainedInput& input, const std::vector<int64_t>& units) {
    std::string text;
    for (size_t i = 0; i < std::min(units.size(), most_named_units); ++i) {
        text += (i == 0 ? "" : input.image ? "; " : " ") + unit_label(input.units[static_cast<size_t>(units[i])].name);
    }
    if (units.size() > most_named_units) text += fmt::format(" and {} more", units.size() - most_named_units);
    return text;
}

std::string how_sure(const ExplainedInput& input, const TokenSets& sets) {
    if (sets.proven) return "no smaller set does";
    if (sets.exhaustive_size < 1) return "smaller sets were not all tried";
    return fmt::format("all sets of up to {} were tried", counted_units(input, sets.exhaustive_size));
}

std::vector<int64_t> most_relevant(const Explanation& explanation, const Relevance& relevance) {
    constexpr size_t shown = 8;
    std::vector<int64_t> units;
    for (size_t i = 0; i < explanation.input.units.size(); ++i) {
        if (!explanation.input.units[i].fixed) units.push_back(static_cast<int64_t>(i));
    }
    std::stable_sort(units.begin(), units.end(), [&](int64_t a, int64_t b) {
        return relevance.units[static_cast<size_t>(a)] > relevance.units[static_cast<size_t>(b)];
    });
    if (units.size() > shown) units.resize(shown);
    return units;
}

/// Lines of cells, all columns but the first to the right.
std::string aligned_cells(const std::vector<std::vector<std::string>>& table) {
    std::vector<size_t> widths(table.front().size(), 0);
    for (const auto& row : table) {
        for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const auto& row : table) {
        for (size_t i = 0; i < row.size(); ++i) {
            text += i == 0 ? fmt::format("{:<{}}", row[i], widths[i]) : fmt::format("  {:>{}}", row[i], widths[i]);
        }
        text += "\n";
    }
    return text;
}

}  // namespace

std::string counted_units(const ExplainedInput& input, int64_t count) {
    const char* unit = input.image ? (count == 1 ? "patch" : "patches") : (count == 1 ? "token" : "tokens");
    return fmt::format("{} {}", group_digits(count), unit);
}

std::string unit_label(const std::string& name) {
    constexpr std::string_view blank = "\u2581";
    std::string text = name;
    for (size_t at = 0; (at = text.find(blank, at)) != std::string::npos;) text.replace(at, blank.size(), "\u00b7");
    return text;
}

std::string head_label(const HeadExplanation& head) {
    const char* place = head.place == AttentionPlace::encoder   ? "encoder"
                        : head.place == AttentionPlace::decoder ? "decoder"
                                                                : "cross-attention";
    return fmt::format("{} layer {}, head {}", place, head.layer, head.head);
}

std::string set_sentence(const ExplainedInput& input, TokenSetKind kind, const TokenSets& sets) {
    const bool necessary = kind == TokenSetKind::necessary;
    if (!sets.smallest) {
        const char* effect = necessary ? "changes the prediction when it is taken away" : "keeps the prediction alone";
        const std::string what = sets.proven ? "no set of them " : "no set that was tried ";
        const std::string sure = sets.proven ? "" : fmt::format(" ({})", how_sure(input, sets));
        return what + effect + sure;
    }
    if (sets.smallest->empty()) return "the prediction is the same with none of them";
    const int64_t count = std::ssize(*sets.smallest);
    const std::string found = sets.found_by == "exhaustive search" ? std::string("found by trying all sets")
                                                                   : "found in the order of " + sets.found_by;
    const char* effect = necessary    ? "the prediction is another one"
                         : count == 1 ? "alone keeps the prediction"
                                      : "alone keep the prediction";
    return fmt::format("{}{} {}: {} ({}; {})", necessary ? "without " : "", counted_units(input, count), effect,
                       named_units(input, *sets.smallest), found, how_sure(input, sets));
}

const char* removal_text(Removal removal) {
    return removal == Removal::keys ? "taken from the keys" : "replaced by what has no content";
}

std::string changed_rows_sentence(const std::vector<HeadExplanation>& heads) {
    int64_t rows = 0, changed = 0;
    double variation = 0.0;
    const HeadExplanation* most = nullptr;
    for (const HeadExplanation& head : heads) {
        rows += head.queries;
        changed += head.measures.changed_rows;
        variation += head.measures.total_variation / static_cast<double>(heads.size());
        if (!most || head.measures.total_variation > most->measures.total_variation) most = &head;
    }
    if (changed == 0) {
        return fmt::format("none of {} rows changes: no other distribution over the keys has the same output",
                           group_digits(rows));
    }
    return fmt::format("{} of {} rows change; mean total variation {:.4f}, at most {:.4f} in {} (means of a head)",
                       percent_text(static_cast<double>(changed) / static_cast<double>(rows), 1), group_digits(rows),
                       variation, most->measures.total_variation, head_label(*most));
}

std::string check_sentence(const SubstitutionCheck& check) {
    const auto prediction = [](const Substitution& of) { return of.same_prediction ? "the same" : "another one"; };
    return fmt::format(
        "with least-norm attention in all layers and heads logits differ by at most {:.1e} (the largest is {:.3g}) and "
        "the prediction is {}; with random distributions of the same outputs by {:.1e}, it is {}; with effective "
        "attention clipped at 0 and normalised, whose outputs are others, by {:.1e}, it is {}",
        check.least_norm.difference, check.scale, prediction(check.least_norm), check.random_equivalent.difference,
        prediction(check.random_equivalent), check.clipped_effective.difference, prediction(check.clipped_effective));
}

std::string check_counts_sentence(const SubstitutionCounts& counts) {
    const auto text = [&](const SubstitutionCounts::Counted& of) {
        return fmt::format("{} of {} predictions are the same (logits differ by at most {:.1e} of the largest)",
                           group_digits(of.same_predictions), group_digits(counts.predictions), of.greatest_difference);
    };
    return fmt::format(
        "with least-norm attention in all layers and heads {}; with random distributions of the same outputs {}; with "
        "effective attention clipped at 0 and normalised, whose outputs are others, {}",
        text(counts.least_norm), text(counts.random_equivalent), text(counts.clipped_effective));
}

std::string explanation_text(const Explanation& explanation) {
    const ExplainedInput& input = explanation.input;
    const ExplainedPrediction& prediction = explanation.prediction;
    const auto removable =
        std::count_if(input.units.begin(), input.units.end(), [](const auto& u) { return !u.fixed; });
    std::string text =
        fmt::format("{}{}: {} {} ({}{})\n", input.place,
                    input.target ? fmt::format(", target token {}", input.target->position + 1) : "",
                    unit_label(prediction.label), percent_text(prediction.probability, 2),
                    counted_units(input, removable), prediction.predicted ? "" : ", not what the model predicts");
    size_t width = 0;
    for (const RelevanceMeasure measure : relevance_measures()) {
        width = std::max(width, std::string_view(relevance_name(measure)).size());
    }
    const auto line = [&](int indent, const Relevance& relevance) {
        text += fmt::format("{:{}}{:<{}}  {}\n", "", indent, relevance_name(relevance.measure), width,
                            named_units(input, most_relevant(explanation, relevance)));
    };
    for (const Relevance& relevance : explanation.removals.front().relevance) {
        if (!depends_on_removal(relevance.measure) && relevance.measure != RelevanceMeasure::random_order) {
            line(2, relevance);
        }
    }
    for (const RemovalExplanation& removal : explanation.removals) {
        std::string before = fmt::format("  {}:\n", removal_text(removal.removal));
        for (const Relevance& relevance : removal.relevance) {
            if (!depends_on_removal(relevance.measure)) continue;
            text += std::exchange(before, "");
            line(4, relevance);
        }
        if (!explanation.searched) continue;
        text += before;
        text += fmt::format("    {}\n", set_sentence(input, TokenSetKind::necessary, removal.necessary));
        text += fmt::format("    {}\n", set_sentence(input, TokenSetKind::sufficient, removal.sufficient));
    }
    text += "  least-norm attention: " + changed_rows_sentence(explanation.heads) + "\n";
    return text + "  check of the implementation: " + check_sentence(explanation.check) + "\n";
}

std::string mean_text(const MeanOverInputs& mean, int decimals) {
    if (mean.count == 0) return "-";
    const std::string text = fmt::format("{:.{}f}", mean.mean, decimals);
    if (!mean.interval) return text;
    return fmt::format("{} ({:.{}f} to {:.{}f})", text, mean.interval->low, decimals, mean.interval->high, decimals);
}

std::string measure_table_text(Removal removal, int64_t inputs, const std::vector<MeasureResult>& results) {
    std::vector<std::vector<std::string>> table = {{"measure", "comprehensiveness", "above raw", "sufficiency",
                                                    "above raw", "necessary", "above raw", "sufficient", "above raw"}};
    for (const MeasureResult& result : results) {
        std::vector<std::string> row = {result.measure};
        const auto add = [&](const ComparedMean& mean, int decimals) {
            row.push_back(mean_text(mean.own, decimals));
            row.push_back(mean.above_raw ? mean_text(*mean.above_raw, decimals) : "-");
        };
        add(result.comprehensiveness_area, 4);
        add(result.sufficiency_area, 4);
        add(result.necessary, 2);
        add(result.sufficient, 2);
        table.push_back(std::move(row));
    }
    return fmt::format("{} inputs, {}: means with intervals of 95 %, differences to raw attention input by input\n{}",
                       group_digits(inputs), removal_text(removal), aligned_cells(table));
}

}  // namespace heed
