#pragma once

#include "heed/core/settings/fields.h"

namespace heed {

/// How a sequence is searched. One beam is greedy search: the likeliest token at each step.
struct BeamSearchOptions : Options {
    int64_t beam = 4;
    int64_t n_best = 1;
    double length_penalty = 0.6;
    double patience = 1.0;
    int64_t min_length = 0;
    double max_length_factor = 1.5;
    int64_t max_length_extra = 10;
    int64_t max_length = 256;

    void describe(Fields& fields) override;
    void validate() const override;

    /// Most tokens, without the end token, of a translation of `source_length` tokens.
    int64_t longest(int64_t source_length) const;
};

}  // namespace heed
