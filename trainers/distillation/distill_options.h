#pragma once

#include "heed/core/settings/fields.h"

namespace heed {

/// How a training follows the answers of a trained model.
struct DistillOptions : Options {
    double weight = 0;
    std::string teacher;
    double temperature = 2;
    int64_t epochs = 0;

    void describe(Fields& fields) override;
};

}  // namespace heed
