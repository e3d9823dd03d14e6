#include "heed/trainers/language_models/language_recipe_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/core/error.h"
#include "heed/datasets/text/plain/plain_text_options.h"
#include "heed/layers/models/language_models.h"
#include "heed/trainers/kinds/recipe_model.h"
#include "heed/trainers/recipe/attention_choice.h"

namespace heed {

std::unique_ptr<LanguageModel> make_language_model(const Recipe& recipe, const LanguageDataFacts& facts) {
    const auto& data = recipe.options<PlainTextOptions>("data");
    const int64_t longest = data.evaluation_context();
    if (recipe.value("model", "objective") == "masked" && data.evaluation_stride() < longest) {
        throw UserError(recipe.placed(
            fmt::format("data.eval_stride {} makes windows overlap, in each of which a masked model would count their "
                        "tokens anew: expected {}, the tokens of a window, or 0",
                        data.evaluation_stride(), longest)));
    }
    if (longest > facts.context) {
        const auto refuse = [&](const std::string& why, const char* other) {
            throw UserError(recipe.placed(
                fmt::format("data.eval_context {} is more than the {} tokens of data.context, and {} knows no place "
                            "behind them: expected at most as many, or a model with {}",
                            longest, facts.context, why, other)));
        };
        if (recipe.value("model", "positions") == "learned") refuse("model.positions learned", "other positions");
        for (const AttentionType* type : attention_types_of(recipe)) {
            if (type->capabilities.fixed_length) refuse(std::string("attention type ") + type->name, "another type");
        }
    }
    return make_recipe_model(recipe, language_model_types(), stack_attention(recipe),
                             LanguageGeometry{facts.vocabulary, std::max(facts.context, longest)});
}

void refuse_masked(const Recipe& recipe, const std::string& command) {
    if (recipe.value("model", "objective") != "masked") return;
    throw UserError(
        fmt::format("heed {} expects a model with model.objective causal, which says the next token, but this "
                    "one is masked: it is there for init of a text classifier",
                    command));
}

}  // namespace heed
