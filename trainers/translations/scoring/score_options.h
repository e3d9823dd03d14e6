#pragma once

#include <string>
#include <vector>

#include "heed/core/settings/fields.h"

namespace heed {

/// What translations are scored by.
struct ScoreOptions : Options {
    std::vector<std::string> metrics = {"bleu", "chrf"};

    void describe(Fields& fields) override;
    void validate() const override;
};

}  // namespace heed
