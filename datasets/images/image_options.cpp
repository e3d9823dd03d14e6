#include "heed/datasets/images/image_options.h"

#include <fmt/core.h>

#include "heed/core/error.h"

namespace heed {

void ImageDataOptions::describe(Fields& fields) {
    fields.add("root", root, "folder with the data set's files; empty: HEED_DATA, ./data, /usr/share/datasets");
    fields
        .add("batch", batch,
             "images in a batch (train.accumulate of them make an optimizer step); the last of an epoch takes what is "
             "left")
        .range(1, 1 << 24)
        .unit("images");
    fields.add("validation", validation, "share of the training set that is kept back for validation; 0: none")
        .range(0, 0.9);
    fields
        .add("limit", limit,
             "at most this many training images, for trials: a fixed subset, chosen by content and data.split_seed "
             "whatever the order of the files; 0: all")
        .range(0, 1e9)
        .unit("images");
    fields.add("split_seed", split_seed, "seed of what is kept back and of data.limit, apart from train.seed")
        .range(0, 9007199254740991.0);
    fields.add("mean", mean, "subtracted from the pixels (0 to 1): one value, or one a channel").range(-1e6, 1e6);
    fields.add("std", deviation, "divides the pixels after that: one value, or one a channel").range(1e-6, 1e6);
}

void ImageDataOptions::validate() const {
    if (mean.empty() || deviation.empty()) {
        throw UserError(
            fmt::format("data.{} expects at least one value, got an empty list", mean.empty() ? "mean" : "std"));
    }
}

}  // namespace heed
