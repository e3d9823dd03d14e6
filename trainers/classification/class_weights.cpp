#include "heed/trainers/classification/class_weights.h"

#include <fmt/core.h>

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"

namespace heed {

namespace {

constexpr size_t most_shown_classes = 20;

std::vector<double> balanced_weights(const ClassCounts& classes) {
    std::vector<double> weights;
    for (size_t i = 0; i < classes.counts.size(); ++i) {
        const int64_t with = classes.counts[i], without = classes.samples - with;
        if (with == 0 || (classes.several_labels && without == 0)) {
            throw UserError(fmt::format("train.classes.balanced expects training samples with {}each {}, but {} has {}",
                                        classes.several_labels ? "and without " : "",
                                        classes.several_labels ? "label" : "class", with == 0 ? "none" : "every one",
                                        quote(classes.names[i])));
        }
        const double other = classes.several_labels
                                 ? static_cast<double>(without)
                                 : static_cast<double>(classes.samples) / static_cast<double>(classes.counts.size());
        weights.push_back(other / static_cast<double>(with));
    }
    return weights;
}

/// The factor that makes the mean weight of the samples 1.
double mean_one(const std::vector<double>& weights, const ClassCounts& classes) {
    double sum = 0.0;
    for (size_t i = 0; i < weights.size(); ++i) sum += weights[i] * static_cast<double>(classes.counts[i]);
    if (sum <= 0.0) {
        throw UserError("train.classes.weights expects a weight above 0 for a class of the training samples, got none");
    }
    return static_cast<double>(classes.samples) / sum;
}

}  // namespace

SectionSpec class_weight_section() {
    return untyped_section<ClassWeightOptions>("train.classes", "How much each class counts in the loss of training.");
}

std::vector<float> class_weights(const ClassWeightOptions& options, const ClassCounts& classes) {
    if (!options.balanced && options.weights.empty()) return {};
    if (!options.balanced && options.weights.size() != classes.names.size()) {
        throw UserError(fmt::format("train.classes.weights expects {} numbers, one for each class ({}), got {}",
                                    classes.names.size(), listed(classes.names, ", ", most_shown_classes),
                                    options.weights.size()));
    }
    const std::vector<double> weights = options.balanced ? balanced_weights(classes) : options.weights;
    const double factor = classes.several_labels ? 1.0 : mean_one(weights, classes);
    std::vector<float> result;
    for (const double weight : weights) result.push_back(static_cast<float>(factor * weight));
    return result;
}

std::string class_weights_line(const std::vector<float>& weights, const std::vector<std::string>& names) {
    if (weights.empty()) return "";
    std::string line = "weights of the classes:";
    for (size_t i = 0; i < std::min(weights.size(), most_shown_classes); ++i) {
        line += fmt::format("{} {} {:.3g}", i > 0 ? "," : "", names[i], weights[i]);
    }
    return line + (weights.size() > most_shown_classes ? ", ..." : "");
}

std::string unseen_classes_line(const std::vector<std::string>& names, const std::vector<int64_t>& counts,
                                const char* sample) {
    std::vector<std::string> unseen;
    for (size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] == 0) unseen.push_back(quote(names[i]));
    }
    if (unseen.empty()) return "";
    return std::string("warning: no training ") + sample + " has the class " + listed(unseen) +
           ", which the model cannot learn";
}

}  // namespace heed
