#include "heed/trainers/kinds/data_facts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "heed/core/error.h"

namespace heed {

namespace {

using FactsJson = nlohmann::json;

/// What is wrong with an image input that Heed cannot have written, or "".
std::string impossible_input(const ImageInput& input) {
    constexpr int64_t longest_side = 65536;
    for (const int64_t side : {input.shape.channels, input.shape.height, input.shape.width}) {
        if (side < 1 || side > longest_side) return "shape";
    }
    const auto fits = [&](const std::vector<double>& values) {
        return values.size() == 1 || values.size() == static_cast<size_t>(input.shape.channels);
    };
    if (!fits(input.normalisation.mean)) return "mean";
    const std::vector<double>& deviation = input.normalisation.deviation;
    const bool positive = std::all_of(deviation.begin(), deviation.end(), [](double value) { return value > 0; });
    return fits(deviation) && positive ? "" : "deviation";
}

void add_images(FactsJson& json, const ImageInput& images) {
    json["shape"] = {images.shape.channels, images.shape.height, images.shape.width};
    json["mean"] = images.normalisation.mean;
    json["deviation"] = images.normalisation.deviation;
}

ImageInput read_images(const FactsJson& json) {
    ImageInput images;
    images.shape.channels = json.at("shape").at(0).get<int64_t>();
    images.shape.height = json.at("shape").at(1).get<int64_t>();
    images.shape.width = json.at("shape").at(2).get<int64_t>();
    images.normalisation.mean = json.at("mean").get<std::vector<double>>();
    images.normalisation.deviation = json.at("deviation").get<std::vector<double>>();
    const std::string impossible = impossible_input(images);
    if (!impossible.empty()) throw UserError("the value of " + impossible + " cannot be");
    return images;
}

FactsJson text_json(const TextInput& texts) {
    return {{"vocabulary", texts.vocabulary},
            {"max_tokens", texts.max_tokens},
            {"truncate", texts.truncate},
            {"several_labels", texts.several_labels},
            {"tokenizer", texts.tokenizer.kind}};
}

TextInput read_texts(const FactsJson& json) {
    constexpr int64_t most = 1'000'000'000;
    TextInput texts;
    json.at("vocabulary").get_to(texts.vocabulary);
    json.at("max_tokens").get_to(texts.max_tokens);
    json.at("truncate").get_to(texts.truncate);
    json.at("several_labels").get_to(texts.several_labels);
    json.at("tokenizer").get_to(texts.tokenizer.kind);
    if (texts.max_tokens < 1 || texts.max_tokens > most) throw UserError("the value of max_tokens cannot be");
    if (texts.vocabulary < 1 || texts.vocabulary > most) throw UserError("the value of vocabulary cannot be");
    if (texts.truncate != "head" && texts.truncate != "tail") throw UserError("the value of truncate cannot be");
    return texts;
}

FactsJson translation_json(const TranslationInput& input) {
    FactsJson json = {{"source_vocabulary", input.source_vocabulary},
                      {"target_vocabulary", input.target_vocabulary},
                      {"max_source_tokens", input.max_source_tokens},
                      {"max_target_tokens", input.max_target_tokens},
                      {"joint", input.joint},
                      {"source_tokenizer", input.source_tokenizer.kind}};
    if (!input.joint) json["target_tokenizer"] = input.target_tokenizer.kind;
    return json;
}

TranslationInput read_translations(const FactsJson& json) {
    constexpr int64_t most = 1'000'000'000;
    TranslationInput input;
    const auto read = [&](const char* name, int64_t& value) {
        json.at(name).get_to(value);
        if (value < 1 || value > most) throw UserError("the value of " + std::string(name) + " cannot be");
    };
    read("source_vocabulary", input.source_vocabulary);
    read("target_vocabulary", input.target_vocabulary);
    read("max_source_tokens", input.max_source_tokens);
    read("max_target_tokens", input.max_target_tokens);
    json.at("joint").get_to(input.joint);
    json.at("source_tokenizer").get_to(input.source_tokenizer.kind);
    if (!input.joint) json.at("target_tokenizer").get_to(input.target_tokenizer.kind);
    return input;
}

}  // namespace

DataFacts DataFacts::of(const ImageData& data) {
    return {data.name, data.class_names(), ImageInput{data.shape(), data.normalisation}};
}

const ImageInput& DataFacts::image_input() const {
    if (!images) throw Error("the model was trained on " + name + ", which holds no images");
    return *images;
}

ImageGeometry DataFacts::image_geometry() const {
    const ImageShape& shape = image_input().shape;
    return {shape.channels, shape.height, shape.width, static_cast<int64_t>(class_names.size())};
}

const TextInput& DataFacts::text_input() const {
    if (!texts) throw Error("the model was trained on " + name + ", which holds no labelled texts");
    return *texts;
}

TextGeometry DataFacts::text_geometry() const {
    const TextInput& input = text_input();
    return {input.vocabulary, input.max_tokens, static_cast<int64_t>(class_names.size())};
}

const TranslationInput& DataFacts::translation_input() const {
    if (!translations) throw Error("the model was trained on " + name + ", which holds no translations");
    return *translations;
}

TranslationGeometry DataFacts::translation_geometry() const {
    const TranslationInput& input = translation_input();
    return {input.source_vocabulary, input.target_vocabulary, input.max_source_tokens, input.max_target_tokens,
            input.joint};
}

std::map<std::string, StoredTokenizer*> DataFacts::tokenizers() {
    if (texts) return {{"tokenizer", &texts->tokenizer}};
    if (translations && translations->joint) return {{"tokenizer", &translations->source_tokenizer}};
    if (translations) {
        return {{"source_tokenizer", &translations->source_tokenizer},
                {"target_tokenizer", &translations->target_tokenizer}};
    }
    return {};
}

std::string DataFacts::to_json() const {
    FactsJson json = {{"name", name}, {"class_names", class_names}};
    if (images) add_images(json, *images);
    if (!fingerprint.empty()) json["fingerprint"] = fingerprint;
    if (texts) json["texts"] = text_json(*texts);
    if (translations) json["translations"] = translation_json(*translations);
    return json.dump();
}

DataFacts DataFacts::from_json(const std::string& text) {
    try {
        const FactsJson json = FactsJson::parse(text);
        DataFacts facts;
        facts.name = json.at("name").get<std::string>();
        facts.class_names = json.at("class_names").get<std::vector<std::string>>();
        facts.fingerprint = json.value("fingerprint", "");  // older checkpoints have none
        if (json.contains("texts")) {
            facts.texts = read_texts(json.at("texts"));
        } else if (json.contains("translations")) {
            facts.translations = read_translations(json.at("translations"));
        } else {
            facts.images = read_images(json);
        }
        if (facts.class_names.empty() && !facts.translations) throw UserError("the value of class_names cannot be");
        return facts;
    } catch (const FactsJson::exception& error) {
        throw UserError(error.what());
    }
}

bool DataFacts::fits(const std::string& training_fingerprint) const {
    return fingerprint.empty() || fingerprint == training_fingerprint;
}

void check_unchanged(const DataFacts& known, const std::string& fingerprint, const std::string& origin) {
    if (known.fits(fingerprint)) return;
    throw UserError("the training data in " + origin +
                    " are not those that the training was begun with: put those back, or start a new run without "
                    "--resume");
}

}  // namespace heed
