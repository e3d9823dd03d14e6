#include "heed/trainers/translations/scoring/validation_rouge_options.h"

#include <utility>
#include <vector>

#include "heed/core/error.h"
#include "heed/trainers/metrics/rouge.h"

namespace heed {

void ValidationRougeOptions::describe(Fields& fields) {
    fields
        .add("sentences", sentences,
             "validation sources, spread evenly over all, that each validation translates as decoding says and scores "
             "by ROUGE; 0: none")
        .range(0, 1e9)
        .unit("sentences");
    std::vector<std::string> choices = {"none"};
    choices.insert(choices.end(), rouge_names.begin(), rouge_names.end());
    fields
        .add("chooses_best", chooses_best,
             "the best model, and the end by train.patience, go by F1 of this form of ROUGE instead of by the loss")
        .choices(std::move(choices));
}

void ValidationRougeOptions::validate() const {
    if (!form().empty() && sentences == 0) {
        throw UserError("train.rouge.chooses_best needs train.rouge.sentences above 0");
    }
}

}  // namespace heed
