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
    int64_t source_length = 0;
    int64_t target_length = 0;
    std::string too_long = "skip";
    std::string validation = "1000";
    std::string test = "2000";
    int64_t limit = 0;
    int64_t split_seed = 0;
    bool joint_vocabulary = false;
    bool has_parts = false;  ///< the data set has validation and test pairs of its own: these two are no settings of it

    void describe(Fields& fields) override;
    void validate() const override;

    /// Most tokens of a source, the end included, and of a target, begin and end included.
    int64_t longest_source() const { return source_length > 0 ? source_length : length; }
    int64_t longest_target() const { return target_length > 0 ? target_length : length; }
    /// Source sentences that are kept back, or below 1 their share. UserError where a setting is neither.
    double validation_size() const;
    double test_size() const;
    /// The settings that say so, with their values: "data.length 128".
    std::string lengths_text() const;
    bool skips_long_sources() const { return too_long == "skip"; }
    bool skips_long_targets() const { return too_long != "cut"; }
};

}  // namespace heed
