#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "heed/apps/commands.h"
#include "heed/apps/support/asked_model.h"
#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/trainers/kinds/command_settings.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/run/run_folder.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {
namespace {

Split split_of(const std::string& name) {
    for (Split split : {Split::train, Split::validation}) {
        if (name == split_name(split)) return split;
    }
    return Split::test;
}

/// A confusion matrix of at most so many classes is printed as one; of more, the pairs that occur.
constexpr int64_t most_matrix_classes = 256;

nlohmann::ordered_json confusion_json(const ConfusionCounts& counts) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (int64_t truth = 0; truth < counts.classes(); truth++) {
        nlohmann::ordered_json row = nlohmann::ordered_json::array();
        for (int64_t prediction = 0; prediction < counts.classes(); prediction++) {
            row.push_back(counts.count(truth, prediction));
        }
        json.push_back(std::move(row));
    }
    return json;
}

nlohmann::ordered_json mistakes_json(const ConfusionCounts& counts) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const ConfusionCounts::Mistake& mistake : counts.mistakes()) {
        json.push_back({{"class", mistake.truth}, {"prediction", mistake.prediction}, {"count", mistake.count}});
    }
    return json;
}

void print_json(const EvalCommand& command, const SavedModel& saved, const Evaluation& result) {
    const TrainedModel& trained = saved.trained;
    nlohmann::ordered_json json;
    json["split"] = command.split;
    if (!saved.trained_attention.empty()) {
        json["attention"] = attention_text(trained.recipe);
        json["trained_attention"] = saved.trained_attention;
    }
    json["step"] = trained.step;
    json["samples"] = result.count;
    json["accuracy"] = result.accuracy;
    json["loss"] = result.loss;
    for (const auto& [name, value] : result.more) json[name] = value;
    json["seconds"] = result.seconds;
    if (!result.remarks.empty()) json["scores"] = result.remarks;
    for (size_t i = 0; i < result.labels.size(); i++) {
        const ClassScore& label = result.labels[i];
        json["labels"].push_back({{"class", trained.facts->class_names[i]},
                                  {"precision", label.precision},
                                  {"recall", label.recall},
                                  {"f1", label.f1},
                                  {"samples", label.samples},
                                  {"predicted", label.predicted}});
    }
    if (result.confusion.classes() > 0) {
        json["classes"] = trained.facts->class_names;
        const bool is_matrix = result.confusion.classes() <= most_matrix_classes;
        json[is_matrix ? "confusion" : "mistakes"] =
            is_matrix ? confusion_json(result.confusion) : mistakes_json(result.confusion);
    }
    fmt::print("{}\n", json.dump());
}

/// How well each label is found where a sample can have several.
void print_labels(const std::vector<std::string>& names, const std::vector<ClassScore>& labels,
                  const std::string& unit) {
    const auto percent = [](double fraction, int64_t of) {
        return of == 0 ? std::string("-") : fmt::format("{:.2f} %", 100 * fraction);
    };
    size_t width = 5;
    for (const std::string& name : names) width = std::max(width, name.size());
    fmt::print("\n{:<{}}  {:>8}  {:>9}  {:>8}  {:>8}\n", "label", width, unit, "precision", "recall", "F1");
    for (size_t i = 0; i < labels.size(); i++) {
        const ClassScore& label = labels[i];
        fmt::print("{:<{}}  {:>8}  {:>9}  {:>8}  {:>8}\n", names[i], width, label.samples,
                   percent(label.precision, label.predicted), percent(label.recall, label.samples),
                   percent(label.f1, label.samples + label.predicted));
    }
}

void print_table(const EvalCommand& command, const TrainedModel& trained, const Evaluation& result,
                 const std::string& unit) {
    fmt::print("{} {} of {}, model after step {}\n", result.count, unit, command.split, trained.step);
    fmt::print("accuracy {:.2f} %\nloss     {:.4f}\n", 100 * result.accuracy, result.loss);
    for (const auto& [name, value] : result.more) fmt::print("{:<8} {:.4f}\n", name, value);
    if (!result.labels.empty()) fmt::print("(accuracy: all labels of a sample are right)\n");
    for (const std::string& line : result.remarks) fmt::print("{}\n", line);
    if (!result.labels.empty()) print_labels(trained.facts->class_names, result.labels, unit);
    const ConfusionCounts& counts = result.confusion;
    if (counts.classes() == 0) return;
    fmt::print("\n");
    size_t width = 5;
    for (const std::string& name : trained.facts->class_names) width = std::max(width, name.size());
    fmt::print("{:<{}}  {:>8}  {:>8}\n", "class", width, unit, "accuracy");
    for (int64_t label = 0; label < counts.classes(); label++) {
        const int64_t images = counts.samples(label);
        const std::string accuracy = images == 0
                                         ? "-"
                                         : fmt::format("{:.2f} %", 100.0 * static_cast<double>(counts.right(label)) /
                                                                       static_cast<double>(images));
        fmt::print("{:<{}}  {:>8}  {:>8}\n", trained.facts->class_names[static_cast<size_t>(label)], width, images,
                   accuracy);
    }
}

/// What stands in the place of the attention that the model was trained with, if anything does.
void print_replaced_attention(const SavedModel& saved, int64_t tokens) {
    if (saved.trained_attention.empty()) return;
    const std::string remark = attention_remark(*saved.trained.model, tokens);
    fmt::print("attention {}, trained with {}{}\n", attention_text(saved.trained.recipe), saved.trained_attention,
               remark.empty() ? "" : "; " + remark);
}

void warn_of_changed_data(const std::vector<std::string>& parts, const std::string& split) {
    const auto changed = [&](const std::string& part) {
        return std::find(parts.begin(), parts.end(), part) != parts.end();
    };
    if (changed("training")) {
        fmt::print(stderr,
                   "heed: warning: the training data are not those that the model was trained on; samples of the "
                   "{} split may have been among them\n",
                   split);
    } else if (changed(split)) {
        fmt::print(stderr, "heed: warning: the {} data are not those of the training run\n", split);
    }
}

/// A checkpoint tells no places; the recipe of the run that it lies in says where its data lies.
std::vector<std::string> settings_of(const EvalCommand& command) {
    std::vector<std::string> settings = command.overrides;
    const bool other_data = std::any_of(settings.begin(), settings.end(),
                                        [](const std::string& setting) { return setting.starts_with("data.root="); });
    const std::string run = run_of_checkpoint(checkpoint_file(command.target)).value_or("");
    std::error_code ignored;
    if (other_data || run.empty() || !std::filesystem::exists(RunPaths(run).recipe(), ignored)) return settings;
    const Recipe recipe = read_recipe(recipe_spec(), RunPaths(run).recipe(), {});
    const std::string root = recipe.value("data", "root");
    if (!root.empty()) settings.push_back("data.root=" + root);
    return settings;
}

}  // namespace

int run(const EvalCommand& command) {
    check_command_settings(kind_of_model(command.target), "eval", command.overrides);
    SavedModel saved = load_saved_model(command.target, settings_of(command));
    const TrainedModel& trained = saved.trained;
    const std::unique_ptr<Workload> workload = saved.trained.facts->kind().open(saved.trained, *saved.context);
    warn_of_changed_data(workload->changed_data(), command.split);
    const Split split = split_of(command.split);
    if (workload->task().samples(split) == 0) {
        throw UserError(fmt::format("there are no {} {} (data.validation was 0)", command.split, workload->unit()));
    }
    const Evaluation result = workload->task().evaluate(split);
    if (command.json) {
        print_json(command, saved, result);
    } else {
        print_replaced_attention(saved, workload->most_tokens());
        print_table(command, trained, result, workload->unit());
    }
    return 0;
}

}  // namespace heed
