#pragma once

#include <cstdint>
#include <string>

#include "heed/core/settings/fields.h"

namespace heed {

/// Whether and how many texts are summarised at each validation of a translator in training.
struct ValidationRougeOptions : Options {
    int64_t sentences = 0;
    std::string chooses_best = "none";

    /// The form of ROUGE by which models are compared, one of rouge_names; empty: none.
    std::string form() const { return chooses_best == "none" ? "" : chooses_best; }

    void describe(Fields& fields) override;
    void validate() const override;
};

}  // namespace heed
