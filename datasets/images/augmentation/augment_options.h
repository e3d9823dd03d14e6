#pragma once

#include <cstdint>
#include <vector>

#include "heed/core/settings/fields.h"

namespace heed {

/// How training images are changed at random (`data.augment.*` of a recipe). Everything is off by default.
struct AugmentOptions : Options {
    bool flip = false;
    int64_t crop = 0;
    double resized_crop = 0;
    double erase = 0;
    std::vector<double> jitter = {0.0};
    double mixup = 0;
    double cutmix = 0;

    void describe(Fields& fields) override;
    void validate() const override;
};

}  // namespace heed
