#include "heed/trainers/language_models/language_facts.h"

#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/trainers/language_models/language_kind.h"

namespace heed {

std::unique_ptr<LanguageDataFacts> LanguageDataFacts::from_details(const std::string& text) {
    constexpr int64_t most = 1'000'000'000;
    const nlohmann::json json = nlohmann::json::parse(text);
    auto facts = std::make_unique<LanguageDataFacts>();
    json.at("vocabulary").get_to(facts->vocabulary);
    json.at("context").get_to(facts->context);
    json.at("tokenizer").get_to(facts->tokenizer.kind);
    if (facts->vocabulary < 1 || facts->vocabulary > most) throw UserError("the value of vocabulary cannot be");
    if (facts->context < 1 || facts->context > most) throw UserError("the value of context cannot be");
    return facts;
}

const TrainingKind& LanguageDataFacts::kind() const {
    return language_kind();
}

std::string LanguageDataFacts::details() const {
    const nlohmann::json json = {{"vocabulary", vocabulary}, {"context", context}, {"tokenizer", tokenizer.kind}};
    return json.dump();
}

}  // namespace heed
