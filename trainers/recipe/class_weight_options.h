#pragma once

#include "heed/core/settings/fields.h"

namespace heed {

/// How much the classes count in the loss of training.
struct ClassWeightOptions : Options {
    std::vector<double> weights;
    bool balanced = false;

    void describe(Fields& fields) override;
    void validate() const override;
};

}  // namespace heed
