#include "heed/trainers/texts/text_facts.h"

#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/trainers/texts/text_kind.h"

namespace heed {

std::unique_ptr<TextDataFacts> TextDataFacts::from_details(const std::string& text) {
    constexpr int64_t most = 1'000'000'000;
    const nlohmann::json json = nlohmann::json::parse(text);
    auto facts = std::make_unique<TextDataFacts>();
    json.at("vocabulary").get_to(facts->vocabulary);
    json.at("max_tokens").get_to(facts->max_tokens);
    json.at("truncate").get_to(facts->truncate);
    json.at("several_labels").get_to(facts->several_labels);
    json.at("tokenizer").get_to(facts->tokenizer.kind);
    facts->special_tokens = json.value("special_tokens", false);  // older checkpoints do not say it
    if (facts->special_tokens && facts->max_tokens < 3) throw UserError("the value of max_tokens cannot be");
    if (facts->max_tokens < 1 || facts->max_tokens > most) throw UserError("the value of max_tokens cannot be");
    if (facts->vocabulary < 1 || facts->vocabulary > most) throw UserError("the value of vocabulary cannot be");
    if (facts->truncate != "head" && facts->truncate != "tail") throw UserError("the value of truncate cannot be");
    return facts;
}

const TrainingKind& TextDataFacts::kind() const {
    return text_kind();
}

std::string TextDataFacts::details() const {
    const nlohmann::json json = {
        {"vocabulary", vocabulary},         {"max_tokens", max_tokens},         {"truncate", truncate},
        {"several_labels", several_labels}, {"special_tokens", special_tokens}, {"tokenizer", tokenizer.kind}};
    return json.dump();
}

TextGeometry TextDataFacts::geometry() const {
    return {vocabulary, max_tokens, static_cast<int64_t>(class_names.size())};
}

EncodeOptions TextDataFacts::encode_options() const {
    EncodeOptions options;
    options.length = max_tokens;
    options.keep_tail = truncate == "tail";
    options.begin = options.end = special_tokens;
    return options;
}

}  // namespace heed
