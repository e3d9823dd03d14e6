#pragma once

#include "heed/core/settings/fields.h"

namespace heed {

/// Settings that every attention type has; a type with settings of its own extends it.
struct AttentionOptions : Options {
    bool bias = true;
    double dropout = 0.0;

    void describe(Fields& fields) override;
};

}  // namespace heed
