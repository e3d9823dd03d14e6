#include "heed/datasets/text/plain/plain_text_options.h"

#include <fmt/core.h>

#include "heed/core/error.h"

namespace heed {

void PlainTextOptions::describe(Fields& fields) {
    fields
        .add("root", root,
             "folder with the data set's files, or its archive; empty: HEED_DATA, ./data, /usr/share/datasets")
        .path();
    fields
        .add("batch", batch,
             "windows in a batch (train.accumulate of them make an optimizer step); the last of an epoch takes what is "
             "left")
        .range(1, 1 << 24)
        .unit("windows");
    fields
        .add("context", context,
             "tokens of a window: what the model reads at once, each followed by what it has to say")
        .range(1, 1 << 20)
        .unit("tokens");
    fields
        .add("stride", stride,
             "tokens from the beginning of a training window to that of the next; the last of a document ends where "
             "that ends; 0: as data.context, so that windows do not overlap")
        .range(0, 1 << 20)
        .unit("tokens");
    fields
        .add("eval_context", eval_context,
             "tokens of a window in evaluations, more or less than in training; 0: as data.context")
        .range(0, 1 << 20)
        .unit("tokens");
    fields
        .add("eval_stride", eval_stride,
             "the same as data.stride in evaluations, where each token counts once, in the first window that has it: a "
             "smaller one leaves more text before the tokens that count, and takes more time; 0: as data.eval_context")
        .range(0, 1 << 20)
        .unit("tokens");
    fields
        .add("documents", documents,
             "what no window reaches across: nothing, as all is one text (one), the end of a file, of a line, or of an "
             "article, which begins with a heading of WikiText (\" = Title = \" between empty lines)")
        .choices({"one", "files", "lines", "articles"});
    fields
        .add("validation", validation,
             "this share of the training text is kept for validation, before that for testing, where the data set has "
             "no validation text of its own; 0: none")
        .range(0.0, 0.5);
    fields
        .add("test", test,
             "this share of the training text, its end, is kept for testing where the data set has no test text of its "
             "own")
        .range(0.0001, 0.5);
}

void PlainTextOptions::validate() const {
    if (training_stride() > context) {
        throw UserError(
            fmt::format("data.stride {} leaves tokens out, as windows have data.context {}: expected at most as many",
                        stride, context));
    }
    if (evaluation_stride() > evaluation_context()) {
        throw UserError(fmt::format(
            "data.eval_stride {} leaves tokens out, as windows have {}: expected at most as many (data.eval_context)",
            eval_stride, evaluation_context()));
    }
}

}  // namespace heed
