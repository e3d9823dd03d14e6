#pragma once

#include <vector>

#include "heed/core/random/random_stream.h"
#include "heed/core/tensor/tensor.h"
#include "heed/tests/definitions/random.h"

namespace heed::test {

/// An i32 tensor [n] for targets, ids and lengths.
inline Tensor integers(Context& context, const std::vector<int64_t>& values) {
    const std::vector<int32_t> narrow(values.begin(), values.end());
    return Tensor::from_host(context, {static_cast<int64_t>(narrow.size())}, std::span<const int32_t>(narrow));
}

/// The same random numbers for an op and for its definition.
inline RandomStream random_stream() {
    return {.key = {123, 456}, .step = 7, .first_sample = 1000};
}
inline definitions::RandomNumbers random_numbers() {
    return {.key = {123, 456}, .step = 7, .first_sample = 1000};
}

}  // namespace heed::test
