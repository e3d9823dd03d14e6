#include "heed/trainers/translations/translation_facts.h"

#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/trainers/translations/translation_kind.h"

namespace heed {

namespace {

constexpr const char* joint_name = "tokenizer";
constexpr const char* source_name = "source_tokenizer";
constexpr const char* target_name = "target_tokenizer";

}  // namespace

std::unique_ptr<TranslationDataFacts> TranslationDataFacts::from_details(const std::string& text) {
    constexpr int64_t most = 1'000'000'000;
    const nlohmann::json json = nlohmann::json::parse(text);
    auto facts = std::make_unique<TranslationDataFacts>();
    const auto read = [&](const char* name, int64_t& value) {
        json.at(name).get_to(value);
        if (value < 1 || value > most) throw UserError("the value of " + std::string(name) + " cannot be");
    };
    read("source_vocabulary", facts->source_vocabulary);
    read("target_vocabulary", facts->target_vocabulary);
    read("max_source_tokens", facts->max_source_tokens);
    read("max_target_tokens", facts->max_target_tokens);
    json.at("joint").get_to(facts->joint);
    facts->same_ids = json.value("same_ids", false);  // older checkpoints have none
    if (facts->same_ids && facts->source_vocabulary != facts->target_vocabulary) {
        throw UserError("the value of same_ids cannot be");
    }
    json.at(source_name).get_to(facts->source_tokenizer.kind);
    if (!facts->joint) json.at(target_name).get_to(facts->target_tokenizer.kind);
    return facts;
}

const TrainingKind& TranslationDataFacts::kind() const {
    return translation_kind();
}

std::string TranslationDataFacts::details() const {
    nlohmann::json json = {{"source_vocabulary", source_vocabulary},
                           {"target_vocabulary", target_vocabulary},
                           {"max_source_tokens", max_source_tokens},
                           {"max_target_tokens", max_target_tokens},
                           {"joint", joint},
                           {source_name, source_tokenizer.kind}};
    if (!joint) json[target_name] = target_tokenizer.kind;
    if (same_ids) json["same_ids"] = true;
    return json.dump();
}

std::vector<NamedTokenizer> TranslationDataFacts::tokenizers() const {
    if (joint) return {{joint_name, &source_tokenizer}};
    return {{source_name, &source_tokenizer}, {target_name, &target_tokenizer}};
}

void TranslationDataFacts::set_tokenizer(const std::string& stored_name, std::string bytes) {
    (stored_name == target_name ? target_tokenizer : source_tokenizer).bytes = std::move(bytes);
}

TranslationGeometry TranslationDataFacts::geometry() const {
    return {source_vocabulary, target_vocabulary, max_source_tokens, max_target_tokens, joint || same_ids};
}

EncodeOptions TranslationDataFacts::source_encode_options() const {
    EncodeOptions options;
    options.length = max_source_tokens;
    options.end = true;
    return options;
}

EncodeOptions TranslationDataFacts::target_encode_options() const {
    EncodeOptions options;
    options.length = max_target_tokens + 1;  // the decoder is not given the end
    options.begin = true;
    options.end = true;
    return options;
}

}  // namespace heed
