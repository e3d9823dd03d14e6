#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// The definitions of Heed's ops, written from their formulas in double precision. Nothing here uses Heed's own code, so
// that the two can only agree by both being right. Arrays are row-major; sizes are given by the caller.

namespace heed::definitions {

using Values = std::vector<double>;
using Integers = std::vector<int64_t>;

}  // namespace heed::definitions
