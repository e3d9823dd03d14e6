#pragma once

#include <string>

#include "heed/core/device/precision.h"

namespace heed {

/// Processors differ: some have instructions for bf16 that are slower than those for f32. A warning where f32 would be
/// faster by a tenth or more, measured in some hundredths of a second, as nothing else tells; else empty, as for a
/// card.
std::string slow_products_warning(const std::string& device, Precision precision);

/// The same of measured rates, in products a second of any size.
std::string slow_products_warning(Precision precision, double rate, double f32_rate);

}  // namespace heed
