#pragma once

#include <cstdint>
#include <string>

#include "heed/core/settings/fields.h"

namespace heed {

/// Settings that every data set of plain texts knows (`data.*` of a recipe).
struct PlainTextOptions : Options {
    std::string root;
    int64_t batch = 32;
    int64_t context = 256;
    int64_t stride = 0;
    int64_t eval_context = 0;
    int64_t eval_stride = 0;
    std::string documents = "one";
    double validation = 0.05;
    double test = 0.05;

    void describe(Fields& fields) override;
    void validate() const override;

    /// The settings above with what 0 stands for in its place.
    int64_t training_stride() const { return stride > 0 ? stride : context; }
    int64_t evaluation_context() const { return eval_context > 0 ? eval_context : context; }
    int64_t evaluation_stride() const { return eval_stride > 0 ? eval_stride : evaluation_context(); }
};

}  // namespace heed
