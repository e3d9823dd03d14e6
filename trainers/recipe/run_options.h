#pragma once

#include "heed/core/settings/fields.h"

namespace heed {

/// Where the results of a training go.
struct RunOptions : Options {
    std::string dir;
    std::string name;
    bool weights_only = false;
    bool tensorboard = false;

    void describe(Fields& fields) override;
    void validate() const override;
};

}  // namespace heed
