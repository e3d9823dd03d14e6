#pragma once

#include "heed/core/settings/fields.h"

namespace heed {

/// Whether and how many sentences are translated at each validation of a translator in training.
struct ValidationBleuOptions : Options {
    int64_t sentences = 0;
    bool chooses_best = false;

    void describe(Fields& fields) override;
    void validate() const override;
};

}  // namespace heed
