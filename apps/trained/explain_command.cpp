#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "heed/apps/commands.h"
#include "heed/apps/support/asked_model.h"
#include "heed/apps/support/measured_data.h"
#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/explanation/explanation.h"
#include "heed/trainers/explanation/explanation_json.h"
#include "heed/trainers/explanation/explanation_text.h"
#include "heed/trainers/explanation/head_means.h"
#include "heed/trainers/explanation/page/explanation_page.h"
#include "heed/trainers/inspection/attention_places.h"
#include "heed/trainers/kinds/command_settings.h"

namespace heed {
namespace {

constexpr int64_t most_shown = 24;  // explanations on a page
constexpr int64_t picture_side = 64;

/// Explains predictions one after the other, as they come, and keeps what page and table show of them.
class Explainer {
public:
    explicit Explainer(const ExplainCommand& command) : command_(command), options_(command.options) {
        if (!command.page.empty()) options_.picture_side = picture_side;
        std::vector<std::string> names;
        std::optional<size_t> raw;
        for (size_t i = 0; i < options_.measures.size(); ++i) {
            names.emplace_back(relevance_name(options_.measures[i]));
            if (options_.measures[i] == RelevanceMeasure::raw_attention) raw = i;
        }
        tables_.assign(options_.removals.size(), MeasureTable(names, raw));
        open_.resize(options_.removals.size());
    }

    void take(ExplainedSample& sample) {
        Explanation explanation = explain_sample(sample, options_, count_++);
        heads_.add(explanation.heads);
        checks_.add(explanation.check);
        if (explanation.input.place != place_) close_input();
        place_ = explanation.input.place;
        for (size_t i = 0; i < tables_.size(); ++i) open_[i].push_back(order_scores(explanation.removals[i]));
        if (command_.json) {
            print_json_line(explanation_json(explanation));
        } else {
            fmt::print("{}{}", count_ > 1 ? "\n" : "", explanation_text(explanation));
        }
        std::fflush(stdout);
        if (!command_.page.empty() && std::ssize(shown_) < most_shown) shown_.push_back(std::move(explanation));
    }

    void finish(const Recipe& recipe) {
        if (count_ == 0) throw UserError("there is nothing to explain: " + sources() + " no input");
        close_input();
        std::vector<RemovalResults> results;
        for (size_t i = 0; i < tables_.size() && command_.request.split; ++i) {
            results.push_back({options_.removals[i], tables_[i].inputs(), tables_[i].results()});
        }
        for (const RemovalResults& each : results) {
            if (command_.json) {
                nlohmann::ordered_json json;
                json["measures_over_inputs"] = measure_table_json(each.removal, each.inputs, each.measures);
                print_json_line(json);
            } else {
                fmt::print("\n{}", measure_table_text(each.removal, each.inputs, each.measures));
            }
        }
        const std::vector<HeadExplanation> heads =
            command_.request.split ? heads_.result() : std::vector<HeadExplanation>{};
        if (command_.request.split && command_.json) {
            nlohmann::ordered_json json;
            json["heads_over_inputs"] = heads_over_inputs_json(heads, checks_);
            print_json_line(json);
        } else if (command_.request.split) {
            fmt::print("\nleast-norm attention: {}\ncheck of the implementation: {}\n", changed_rows_sentence(heads),
                       check_counts_sentence(checks_));
        }
        if (!command_.page.empty()) write_page(recipe, std::move(results), heads);
    }

private:
    /// Predictions of one input, as those of the tokens of a translation, count as one: their mean.
    void close_input() {
        for (size_t i = 0; i < tables_.size(); ++i) {
            if (!open_[i].empty()) tables_[i].add(mean_scores(open_[i]));
            open_[i].clear();
        }
    }

    std::string sources() const {
        const std::vector<std::string>& files = command_.request.files;
        if (command_.request.split) return std::string("the ") + split_name(*command_.request.split) + " split has";
        if (files.empty() || files == std::vector<std::string>{"-"}) return "standard input has";
        return listed(files) + (files.size() == 1 ? " has" : " have");
    }

    void write_page(const Recipe& recipe, std::vector<RemovalResults> results, std::vector<HeadExplanation> heads) {
        ExplanationPageInput page;
        page.title = std::filesystem::path(command_.target).lexically_normal().string() + ": explained predictions";
        page.explanations = std::move(shown_);
        page.remarks = {self_attention_remark(recipe)};
        if (page.explanations.front().input.target) page.remarks.push_back(cross_attention_remark(recipe));
        std::erase(page.remarks, "");
        page.inputs = count_;
        page.results = std::move(results);
        page.heads = std::move(heads);
        page.checks = checks_;
        page.picture_side = picture_side;
        write_file_atomically(command_.page, explanation_page(page));
    }

    const ExplainCommand& command_;
    ExplainOptions options_;
    std::vector<MeasureTable> tables_;                        ///< one for each way of removal
    std::vector<std::vector<std::vector<OrderScore>>> open_;  ///< of the input at hand, likewise
    HeadMeans heads_;
    SubstitutionCounts checks_;
    std::vector<Explanation> shown_;
    std::string place_;
    int64_t count_ = 0;
};

}  // namespace

int run(const ExplainCommand& command) {
    const TrainingKind& kind = kind_of_model(command.target);
    kind.check_serves("explain", command.target);
    check_command_settings(kind, "explain", command.overrides);
    if (!command.page.empty()) check_output(command.page, command.target, command.request.files);
    SavedModel saved =
        load_saved_model(command.target, command.request.split ? with_data_folder(command.target, command.overrides)
                                                               : command.overrides);
    check_has_classes("explain", saved);
    Explainer explainer(command);
    kind.explain(saved, command.request, [&](std::unique_ptr<ExplainedSample> sample) { explainer.take(*sample); });
    explainer.finish(saved.trained.recipe);
    return 0;
}

}  // namespace heed
