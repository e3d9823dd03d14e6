#include "heed/datasets/images/augmentation/augment_options.h"

#include <fmt/core.h>

#include "heed/core/error.h"

namespace heed {

void AugmentOptions::describe(Fields& fields) {
    fields.add("flip", flip, "mirror every second image, left to right, on average");
    fields.add("crop", crop, "pad each side by this much with the mean and cut the image's size out at a random place")
        .range(0, 4096)
        .unit("pixels");
    fields
        .add("resized_crop", resized_crop,
             "resize a random part of the image, at least this share of its area, with sides from 3:4 to 4:3; 0: none")
        .range(0, 1);
    fields.add("erase", erase, "probability that a random rectangle (2 to 33 % of the image) is set to the mean")
        .range(0, 1);
    fields
        .add("jitter", jitter,
             "greatest change of brightness, contrast and saturation: one share, or one for each of the three")
        .range(0, 1);
    fields
        .add("mixup", mixup,
             "blend two images and their labels in a ratio from Beta(a, a), one ratio a batch; this is a; 0: none")
        .range(0, 100);
    fields
        .add(
            "cutmix", cutmix,
            "paste a rectangle of another image, whose share of the area is from Beta(a, a) and counts for the labels; "
            "this is a; 0: none; with mixup, each batch has one of the two")
        .range(0, 100);
}

void AugmentOptions::validate() const {
    if (crop > 0 && resized_crop > 0) {
        throw UserError("expected one of data.augment.crop and data.augment.resized_crop, got both");
    }
    if (jitter.size() != 1 && jitter.size() != 3) {
        throw UserError(
            fmt::format("data.augment.jitter expects one value, or three (brightness, contrast, saturation), got {}",
                        jitter.size()));
    }
}

}  // namespace heed
