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
    const int64_t longest = recipe.options<PlainTextOptions>("data").evaluation_context();
    const std::string positions = recipe.value("model", "positions");
    if (longest > facts.context && positions == "learned") {
        throw UserError(recipe.placed(
            fmt::format("data.eval_context {} is more than the {} tokens of data.context, and model.positions learned "
                        "knows no place behind them: expected at most as many, or a model with other positions",
                        longest, facts.context)));
    }
    return make_recipe_model(recipe, language_model_types(), stack_attention(recipe),
                             LanguageGeometry{facts.vocabulary, std::max(facts.context, longest)});
}

}  // namespace heed
