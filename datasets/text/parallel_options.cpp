#include "heed/datasets/text/parallel_options.h"

namespace heed {

void ParallelDataOptions::describe(Fields& fields) {
    fields
        .add("root", root,
             "folder with the data set's files, or its archive; empty: HEED_DATA, ./data, /usr/share/datasets")
        .path();
    fields
        .add("tokens", tokens,
             "a batch holds at most this many tokens in each language, padding included (train.accumulate batches make "
             "an "
             "optimizer step)")
        .range(16, 1 << 24)
        .unit("tokens");
    fields.add("length", length, "longest sentence of a training pair, special tokens included")
        .range(4, 1 << 16)
        .unit("tokens");
    fields.add("too_long", too_long, "training pairs with a longer sentence are left out (skip) or shortened (cut)")
        .choices({"skip", "cut"});
    fields
        .add("validation", validation,
             "distinct source sentences kept back for validation, with all pairs connected to them; 0: none")
        .range(0, 1e7)
        .unit("sentences");
    fields.add("test", test, "distinct source sentences kept back for testing, with all pairs connected to them")
        .range(1, 1e7)
        .unit("sentences");
    fields
        .add("limit", limit,
             "at most this many training pairs, for trials: a fixed subset, chosen by content and data.split_seed "
             "whatever the order of the files; 0: all")
        .range(0, 1e9)
        .unit("pairs");
    fields
        .add("split_seed", split_seed, "seed of the choice of these sentences and of data.limit, apart from train.seed")
        .range(0, 9007199254740991.0);
    fields.add("joint_vocabulary", joint_vocabulary,
               "one tokenizer, learnt from both languages, for source and target (false: one for each)");
}

}  // namespace heed
