#include "heed/trainers/texts/masked_encoder.h"

#include <fmt/format.h>

#include "heed/attention/registry.h"
#include "heed/core/error.h"
#include "heed/datasets/text/text_options.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/language_models/language_facts.h"
#include "heed/trainers/recipe/attention_choice.h"

namespace heed {

namespace {

void check_is_masked(const OtherModel& other) {
    if (dynamic_cast<const LanguageDataFacts*>(&other.facts) == nullptr) {
        throw UserError(
            fmt::format("{} is {}, but a text classifier begins with a masked language model "
                        "(model.objective masked)",
                        other.name, other.facts.kind().model_name()));
    }
    if (other.recipe.value("model", "objective") == "masked") return;
    throw UserError(
        fmt::format("{} was trained with model.objective causal, so that its attention looks back alone, "
                    "while a text classifier's looks both ways: expected a model with model.objective masked",
                    other.name));
}

void check_length(const OtherModel& other, const Recipe& recipe) {
    const int64_t context = facts_as<LanguageDataFacts>(other.facts).context;
    const int64_t in_front = recipe.value("model", "pool") == "class" ? 1 : 0;
    const int64_t length = recipe.options<TextDataOptions>("data").length;
    const auto refuse = [&](const char* relation, const std::string& why, const char* most) {
        throw UserError(recipe.placed(
            fmt::format("data.length {}{} {} the {} tokens of data.context in {}, and {}: expected data.length={}{}",
                        length, in_front > 0 ? " and the class token of model.pool are" : " is", relation, context,
                        other.name, why, context - in_front, most)));
    };
    if (length + in_front > context && other.recipe.value("model", "positions") == "learned") {
        refuse("more than", "its model.positions learned knows no place behind them", " at most");
    }
    for (const AttentionType* type : attention_types_of(other.recipe)) {
        if (!type->capabilities.fixed_length || length + in_front == context) continue;
        refuse("not", fmt::format("its attention type {} has a matrix of that many", type->name), "");
    }
}

}  // namespace

std::vector<std::string> settings_of_masked_encoder(const OtherModel& other, const Recipe& recipe) {
    check_is_masked(other);
    check_length(other, recipe);
    std::vector<std::string> settings = {"model.token_types=0", "model.embedding_norm=false",
                                         "model.scale_embedding=false"};
    for (const char* leaf :
         {"dim", "depth", "heads", "mlp_dim", "norm", "norm_epsilon", "positions", "rotary_base", "activation"}) {
        settings.push_back(fmt::format("model.{}={}", leaf, other.recipe.value("model", leaf)));
    }
    return settings;
}

}  // namespace heed
