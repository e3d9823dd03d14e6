#pragma once

#include <cstdint>
#include <string>

#include "heed/core/device/precision.h"
#include "heed/core/error.h"

namespace heed {

/// The value of --precision. Throws UserError.
inline Precision precision_of(const std::string& name) {
    for (const Precision precision : {Precision::f32, Precision::tf32, Precision::bf16}) {
        if (name == name_of(precision)) return precision;
    }
    throw UserError("expected --precision f32, tf32 or bf16, got '" + name + "'");
}

}  // namespace heed
