#pragma once

#include "heed/core/device/precision.h"
#include "heed/core/settings/fields.h"

namespace heed {

/// The keys at the top of a recipe.
struct GeneralOptions : Options {
    std::string init;
    bool init_strict = true;
    std::string device = "cpu";
    std::string precision = "f32";
    int64_t threads = 0;

    void describe(Fields& fields) override;
    void validate() const override;

    Precision products() const;
};

}  // namespace heed
