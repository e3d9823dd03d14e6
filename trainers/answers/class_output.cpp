#include "heed/trainers/answers/class_output.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

namespace heed {

namespace {

/// The classes from the most to the least probable.
std::vector<size_t> ranked(std::span<const float> probabilities) {
    std::vector<size_t> order(probabilities.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return probabilities[a] > probabilities[b]; });
    return order;
}

/// The first of them, above 50 %.
std::vector<size_t> above_one_half(std::span<const float> probabilities) {
    std::vector<size_t> order = ranked(probabilities);
    order.erase(std::find_if(order.begin(), order.end(), [&](size_t i) { return !(probabilities[i] > 0.5f); }),
                order.end());
    return order;
}

}  // namespace

std::string top_classes(const std::vector<std::string>& classes, std::span<const float> probabilities, int64_t top) {
    const std::vector<size_t> order = ranked(probabilities);
    std::string text;
    for (size_t i = 0; i < std::min(order.size(), static_cast<size_t>(top)); i++) {
        text += fmt::format("{}{} {:.2f} %", i > 0 ? "  " : "", classes[order[i]],
                            100 * static_cast<double>(probabilities[order[i]]));
    }
    return text;
}

void add_classes(nlohmann::ordered_json& json, const std::vector<std::string>& classes,
                 std::span<const float> probabilities) {
    const size_t best = ranked(probabilities).front();
    json["label"] = best;
    json["class"] = classes[best];
    json["probability"] = probabilities[best];
    json["probabilities"] = probabilities;
}

std::string given_labels(const std::vector<std::string>& labels, std::span<const float> probabilities) {
    const std::vector<size_t> given = above_one_half(probabilities);
    return given.empty() ? "no label" : top_classes(labels, probabilities, static_cast<int64_t>(given.size()));
}

void add_labels(nlohmann::ordered_json& json, const std::vector<std::string>& labels,
                std::span<const float> probabilities) {
    const std::vector<size_t> given = above_one_half(probabilities);
    json["labels"] = given;
    json["classes"] = nlohmann::ordered_json::array();
    for (const size_t label : given) json["classes"].push_back(labels[label]);
    json["probabilities"] = probabilities;
}

void print_json_line(const nlohmann::ordered_json& json) {
    fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace heed
