#include "heed/trainers/images/image_facts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/datasets/images/image_key.h"
#include "heed/trainers/images/image_kind.h"

namespace heed {

namespace {

/// What is wrong with facts that Heed cannot have written, or "".
std::string impossible_image_facts(const ImageDataFacts& facts) {
    constexpr int64_t longest_side = 65536;
    for (const int64_t side : {facts.shape.channels, facts.shape.height, facts.shape.width}) {
        if (side < 1 || side > longest_side) return "shape";
    }
    const auto fits = [&](const std::vector<double>& values) {
        return values.size() == 1 || values.size() == static_cast<size_t>(facts.shape.channels);
    };
    if (!fits(facts.normalisation.mean)) return "mean";
    const std::vector<double>& deviation = facts.normalisation.deviation;
    const bool positive = std::all_of(deviation.begin(), deviation.end(), [](double value) { return value > 0; });
    return fits(deviation) && positive ? "" : "deviation";
}

}  // namespace

std::shared_ptr<ImageDataFacts> ImageDataFacts::of(const ImageData& data) {
    auto facts = std::make_shared<ImageDataFacts>();
    facts->name = data.name;
    facts->class_names = data.class_names();
    facts->shape = data.shape();
    facts->normalisation = data.normalisation;
    facts->fingerprints = {fingerprint(data.train), fingerprint(data.validation), fingerprint(data.test)};
    return facts;
}

std::unique_ptr<ImageDataFacts> ImageDataFacts::from_details(const std::string& text) {
    const nlohmann::json json = nlohmann::json::parse(text);
    auto facts = std::make_unique<ImageDataFacts>();
    facts->shape.channels = json.at("shape").at(0).get<int64_t>();
    facts->shape.height = json.at("shape").at(1).get<int64_t>();
    facts->shape.width = json.at("shape").at(2).get<int64_t>();
    facts->normalisation.mean = json.at("mean").get<std::vector<double>>();
    facts->normalisation.deviation = json.at("deviation").get<std::vector<double>>();
    const std::string impossible = impossible_image_facts(*facts);
    if (!impossible.empty()) throw UserError("the value of " + impossible + " cannot be");
    return facts;
}

const TrainingKind& ImageDataFacts::kind() const {
    return image_kind();
}

std::string ImageDataFacts::details() const {
    const nlohmann::json json = {{"shape", {shape.channels, shape.height, shape.width}},
                                 {"mean", normalisation.mean},
                                 {"deviation", normalisation.deviation}};
    return json.dump();
}

ImageGeometry ImageDataFacts::geometry() const {
    return {shape.channels, shape.height, shape.width, static_cast<int64_t>(class_names.size())};
}

}  // namespace heed
