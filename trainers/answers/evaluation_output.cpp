#include "heed/trainers/answers/evaluation_output.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "heed/trainers/answers/class_output.h"

namespace heed {

namespace {

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

size_t name_width(const std::vector<std::string>& names) {
    size_t width = 5;
    for (const std::string& name : names) width = std::max(width, name.size());
    return width;
}

std::string share_text(double fraction, int64_t of) {
    return of == 0 ? "-" : fmt::format("{:.2f} %", 100 * fraction);
}

/// How well each label is found where a sample can have several.
std::string label_lines(const std::vector<std::string>& names, const std::vector<ClassScore>& labels,
                        const std::string& unit) {
    const size_t width = name_width(names);
    std::string text =
        fmt::format("\n{:<{}}  {:>8}  {:>9}  {:>8}  {:>8}\n", "label", width, unit, "precision", "recall", "F1");
    for (size_t i = 0; i < labels.size(); i++) {
        const ClassScore& label = labels[i];
        text += fmt::format("{:<{}}  {:>8}  {:>9}  {:>8}  {:>8}\n", names[i], width, label.samples,
                            share_text(label.precision, label.predicted), share_text(label.recall, label.samples),
                            share_text(label.f1, label.samples + label.predicted));
    }
    return text;
}

std::string class_lines(const std::vector<std::string>& names, const ConfusionCounts& counts, const std::string& unit) {
    const size_t width = name_width(names);
    std::string text = fmt::format("\n{:<{}}  {:>8}  {:>8}\n", "class", width, unit, "accuracy");
    for (int64_t label = 0; label < counts.classes(); label++) {
        const int64_t samples = counts.samples(label);
        const double right = static_cast<double>(counts.right(label)) / static_cast<double>(samples);
        text += fmt::format("{:<{}}  {:>8}  {:>8}\n", names[static_cast<size_t>(label)], width, samples,
                            share_text(right, samples));
    }
    return text;
}

}  // namespace

void add_metrics(nlohmann::ordered_json& json, const Evaluation& result) {
    json["samples"] = result.count;
    if (result.has_accuracy) json["accuracy"] = result.accuracy;
    json["loss"] = result.loss;
    for (const auto& [name, value] : result.more) json[name] = value;
    json["seconds"] = result.seconds;
}

void add_evaluation(nlohmann::ordered_json& json, const Evaluation& result,
                    const std::vector<std::string>& class_names) {
    add_metrics(json, result);
    if (!result.remarks.empty() && !result.remarks_tell_all) json["scores"] = result.remarks;
    for (size_t i = 0; i < result.labels.size(); i++) {
        const ClassScore& label = result.labels[i];
        json["labels"].push_back({{"class", class_names[i]},
                                  {"precision", label.precision},
                                  {"recall", label.recall},
                                  {"f1", label.f1},
                                  {"samples", label.samples},
                                  {"predicted", label.predicted}});
    }
    if (result.confusion.classes() == 0) return;
    json["classes"] = class_names;
    const bool is_matrix = result.confusion.classes() <= most_matrix_classes;
    json[is_matrix ? "confusion" : "mistakes"] =
        is_matrix ? confusion_json(result.confusion) : mistakes_json(result.confusion);
}

std::string evaluation_text(const Evaluation& result, const std::vector<std::string>& class_names,
                            const std::string& unit) {
    std::vector<std::pair<std::string, std::string>> values;
    if (result.has_accuracy) values.emplace_back("accuracy", fmt::format("{:.2f} %", 100 * result.accuracy));
    values.emplace_back("loss", fmt::format("{:.4f}", result.loss));
    for (const auto& [name, value] : result.more) {
        if (!result.remarks_tell_all) values.emplace_back(name, fmt::format("{:.4f}", value));
    }
    size_t width = 0;
    for (const auto& [name, value] : values) width = std::max(width, name.size());
    std::string text;
    for (const auto& [name, value] : values) text += fmt::format("{:<{}} {}\n", name, width, value);
    if (!result.labels.empty()) text += "(accuracy: all labels of a sample are right)\n";
    for (const std::string& line : result.remarks) text += line + "\n";
    if (!result.labels.empty()) text += label_lines(class_names, result.labels, unit);
    if (result.confusion.classes() > 0) text += class_lines(class_names, result.confusion, unit);
    return text;
}

void print_evaluation(const Evaluation& result, const std::vector<std::string>& class_names, const std::string& unit,
                      const PredictRequest& request) {
    if (request.json) {
        nlohmann::ordered_json json;
        add_evaluation(json["evaluation"], result, class_names);
        print_json_line(json);
        return;
    }
    fmt::print(request.csv ? stderr : stdout, "{}{} {} of known classes\n{}", request.csv ? "" : "\n", result.count,
               unit, evaluation_text(result, class_names, unit));
}

}  // namespace heed
