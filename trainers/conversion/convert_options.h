#pragma once

#include "heed/core/settings/fields.h"

namespace heed {

/// How the weights of a model are carried over to other attention types.
struct ConvertOptions : Options {
    int64_t calibration = 1024;
    int64_t align = 0;
    double align_lr = 1e-3;

    void describe(Fields& fields) override;
    void validate() const override;
};

}  // namespace heed
