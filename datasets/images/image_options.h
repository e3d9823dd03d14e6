#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heed/core/settings/fields.h"

namespace heed {

/// Settings that every image data set knows (`data.*` of a recipe).
struct ImageDataOptions : Options {
    std::string root;
    int64_t batch = 128;
    double validation = 0.1;
    int64_t limit = 0;
    int64_t split_seed = 0;
    std::vector<double> mean = {0.5};
    std::vector<double> deviation = {0.5};

    void describe(Fields& fields) override;
    void validate() const override;
};

}  // namespace heed
