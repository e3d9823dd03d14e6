#pragma once

#include <cstdint>
#include <string>

#include "heed/core/settings/fields.h"

namespace heed {

/// Settings that every data set of sentence pairs knows (`data.*` of a recipe).
struct ParallelDataOptions : Options {
    std::string root;
    int64_t tokens = 4096;
    int64_t length = 128;
    std::string too_long = "skip";
    int64_t validation = 1000;
    int64_t test = 2000;
    int64_t limit = 0;
    int64_t split_seed = 0;
    bool joint_vocabulary = false;

    void describe(Fields& fields) override;
};

}  // namespace heed
