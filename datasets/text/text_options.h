#pragma once

#include <cstdint>
#include <string>

#include "heed/core/settings/fields.h"

namespace heed {

/// Settings that every data set of labelled texts knows (`data.*` of a recipe).
struct TextDataOptions : Options {
    std::string root;
    int64_t batch = 64;
    int64_t length = 256;
    std::string truncate = "head";
    bool special_tokens = false;
    double validation = 0.1;
    int64_t limit = 0;
    int64_t split_seed = 0;

    void describe(Fields& fields) override;
};

}  // namespace heed
