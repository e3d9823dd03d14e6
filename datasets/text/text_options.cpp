#include "heed/datasets/text/text_options.h"

namespace heed {

void TextDataOptions::describe(Fields& fields) {
    fields
        .add("root", root,
             "folder with the data set's files, or its archive; empty: HEED_DATA, ./data, /usr/share/datasets")
        .path();
    fields
        .add("batch", batch,
             "texts in a batch (train.accumulate of them make an optimizer step); the last of an epoch takes what is "
             "left")
        .range(1, 1 << 24)
        .unit("texts");
    fields.add("length", length, "longer texts are cut to this many tokens, special tokens included")
        .range(4, 1 << 20)
        .unit("tokens");
    fields.add("truncate", truncate, "which end of a longer text is kept: its first tokens (head) or its last (tail)")
        .choices({"head", "tail"});
    fields.add("special_tokens", special_tokens,
               "put the tokenizer's begin token in front of each text and its end token behind (of a BERT vocabulary "
               "[CLS] and [SEP])");
    fields
        .add("validation", validation,
             "about this share of the training texts is kept back for validation, where the data set has no validation "
             "texts of its own; 0: none")
        .range(0, 0.9);
    fields
        .add("limit", limit,
             "at most this many training texts, for trials: a fixed subset, chosen by content and data.split_seed "
             "whatever the order of the files; 0: all")
        .range(0, 1e9)
        .unit("texts");
    fields
        .add("split_seed", split_seed,
             "seed of what is kept back and of data.limit, apart from train.seed; equal texts are on one side, and the "
             "side of a text does not depend on others")
        .range(0, 9007199254740991.0);
}

}  // namespace heed
