#include "heed/trainers/translations/scoring/validation_bleu_options.h"

#include "heed/core/error.h"

namespace heed {

void ValidationBleuOptions::describe(Fields& fields) {
    fields
        .add("sentences", sentences,
             "validation sentences, spread evenly over all, that each validation translates as decoding says and "
             "scores; "
             "0: none")
        .range(0, 1e9)
        .unit("sentences");
    fields.add("chooses_best", chooses_best,
               "the best model, and the end by train.patience, go by this BLEU instead of by the loss");
}

void ValidationBleuOptions::validate() const {
    if (chooses_best && sentences == 0) throw UserError("train.bleu.chooses_best needs train.bleu.sentences above 0");
}

}  // namespace heed
