#include "heed/trainers/answers/vector_output.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "heed/trainers/answers/class_output.h"

namespace heed {

namespace {

void make_unit(std::span<float> vector) {
    double squares = 0.0;
    for (const float value : vector) squares += static_cast<double>(value) * static_cast<double>(value);
    if (squares == 0.0) return;
    const double length = std::sqrt(squares);
    for (float& value : vector) value = static_cast<float>(static_cast<double>(value) / length);
}

}  // namespace

void print_vectors(const Tensor& vectors, const std::string& key, std::span<const std::string> samples,
                   const PredictRequest& request) {
    std::vector<float> values = vectors.to_vector();
    const auto features = static_cast<size_t>(vectors.shape()[1]);
    for (size_t i = 0; i < samples.size(); ++i) {
        const std::span<float> vector = std::span(values).subspan(i * features, features);
        if (request.embedding == "unit") make_unit(vector);
        if (request.json) {
            nlohmann::ordered_json json;
            json[key] = samples[i];
            json["embedding"] = vector;
            print_json_line(json);
        } else {
            fmt::print("{:.9g}\n", fmt::join(vector, " "));
        }
    }
    std::fflush(stdout);
}

}  // namespace heed
