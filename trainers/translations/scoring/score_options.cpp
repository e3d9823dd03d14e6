#include "heed/trainers/translations/scoring/score_options.h"

#include <fmt/core.h>

#include "heed/core/error.h"
#include "heed/core/settings/repeated.h"

namespace heed {

void ScoreOptions::describe(Fields& fields) {
    fields
        .add("metrics", metrics,
             "what the translations of the test set, and with heed eval of the validation set, are scored by, the most "
             "important first: bleu and chrf as sacreBLEU computes them, rouge (ROUGE-1, -2, -L and -Lsum, for "
             "summaries) as rouge-score does")
        .choices({"bleu", "chrf", "rouge"});
}

void ScoreOptions::validate() const {
    if (metrics.empty()) throw UserError("scores.metrics expects at least one of bleu, chrf and rouge, got none");
    if (const std::string* name = first_repeated(metrics)) {
        throw UserError(fmt::format("scores.metrics expects each metric once, got {} twice", *name));
    }
}

}  // namespace heed
