#include "heed/tests/parity/stored_steps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/trainers/images/formula_images.h"

namespace heed::test {

namespace {

/// 32-bit FNV-1a.
uint32_t seed_of(const std::string& name) {
    uint32_t value = 2166136261U;
    for (char c : name) value = (value ^ static_cast<uint8_t>(c)) * 16777619U;
    return value;
}

std::vector<float> initial(const std::string& name, int64_t count) {
    if (name.ends_with(".bias") || name.ends_with("class_token") || name.ends_with("positions.weight")) {
        return numbers(count, seed_of(name), 0.1f);
    }
    if (name.find("norm") != std::string::npos) return numbers(count, seed_of(name), 0.1f, 1.0f);
    return numbers(count, seed_of(name), 0.25f);
}

}  // namespace

Json read_stored(const std::string& name) {
    const char* source = std::getenv("HEED_SOURCE_DIR");
    if (!source) throw std::runtime_error("HEED_SOURCE_DIR does not name the source folder");
    std::ifstream file(std::string(source) + "/tests/parity/" + name);
    return Json::parse(file);
}

void set_initial_values(ParameterStore& store) {
    for (Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            Tensor value = parameter->part_value(part);
            value.copy_from_host(initial(part.name, value.elements()).data());
        }
    }
}

VitOptions vit_options(const Json& model) {
    VitOptions options;
    for (const auto& [key, field] : {std::pair{"dim", &options.dim},
                                     {"depth", &options.depth},
                                     {"heads", &options.heads},
                                     {"mlp_dim", &options.mlp_dim},
                                     {"patch", &options.patch}}) {
        model.at(key).get_to(*field);
    }
    for (const auto& [key, field] : {std::pair{"norm", &options.norm},
                                     {"pool", &options.pool},
                                     {"positions", &options.positions},
                                     {"activation", &options.activation}}) {
        model.at(key).get_to(*field);
    }
    return options;
}

AdamWOptions adamw_options(const Json& training) {
    AdamWOptions options;
    training.at("lr").get_to(options.lr);
    training.at("weight_decay").get_to(options.weight_decay);
    training.at("schedule").get_to(options.schedule);
    if (training.contains("min_lr")) training.at("min_lr").get_to(options.min_lr);
    options.warmup = Span::steps(training.at("warmup").get<int64_t>());
    return options;
}

ImageData formula_images(const Json& json) {
    const auto side = json.at("side").get<int64_t>();
    const ImageShape shape{json.at("channels").get<int64_t>(), side, side};
    return data_of(
        std::make_shared<FormulaImages>(json.at("images").get<int64_t>(), shape, json.at("classes").get<int>()),
        {{json.at("mean").get<double>()}, {json.at("deviation").get<double>()}});
}

void expect_weights(ParameterStore& store, const Json& weights) {
    double largest = 0;
    for (const auto& [name, values] : weights.items()) {
        for (const double value : values.get<std::vector<double>>()) largest = std::max(largest, std::abs(value));
    }
    size_t parts = 0;
    for (Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            ++parts;
            ASSERT_TRUE(weights.contains(part.name)) << part.name;
            // The true gradient of a key bias is 0: what Adam makes of its rounding errors is chance.
            if (part.name.ends_with(".key.bias")) continue;
            const std::vector<float> values = parameter->part_value(part).to_vector();
            const auto wanted = weights.at(part.name).get<std::vector<double>>();
            const size_t stride = std::max<size_t>(1, values.size() / 12);
            for (size_t i = 0; i < wanted.size(); ++i) {
                EXPECT_NEAR(values.at(i * stride), wanted[i], 1e-5 * largest) << part.name << " " << i;
            }
        }
    }
    EXPECT_EQ(parts, weights.size());
}

}  // namespace heed::test
