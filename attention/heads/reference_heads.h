#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "heed/attention/heads/head_view.h"
#include "heed/attention/heads/sdpa_shape.h"
#include "heed/core/random/random.h"
#include "heed/core/reference/address.h"

/// What the attention kernels of the device `reference` share. They compute in double precision.
namespace heed::reference {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Address of component 0 of the head of a token.
template <class View>
auto* row(const View& view, int64_t sample, int64_t head, int64_t token) {
    return reference_address(view.data) + sample * view.batch_stride + head * view.head_stride +
           token * view.token_stride;
}

inline double dot(const float* a, const float* b, int64_t n) {
    double sum = 0;
    for (int64_t c = 0; c < n; ++c) sum += static_cast<double>(a[c]) * b[c];
    return sum;
}

/// The number of real tokens of a sample; without lengths all are.
inline int64_t real_length(const int32_t* lengths, int64_t sample, int64_t tokens) {
    return lengths ? std::clamp<int64_t>(reference_address(lengths)[sample], 0, tokens) : tokens;
}

/// What a weight is multiplied by.
inline double dropout_factor(const SdpaShape& shape, int64_t sample, int64_t head, int64_t query, int64_t key) {
    if (shape.dropout == 0) return 1;
    const uint32_t word = random_word(shape.random, sample, sdpa_dropout_element(shape, head, query, key));
    return word < drop_threshold(static_cast<double>(shape.dropout)) ? 0 : 1 / (1 - static_cast<double>(shape.dropout));
}

inline void set_to_zero(const HeadView& view, const SdpaShape& shape, int64_t tokens) {
    for (int64_t b = 0; b < shape.batch; ++b) {
        for (int64_t h = 0; h < shape.heads; ++h) {
            for (int64_t t = 0; t < tokens; ++t) std::fill_n(row(view, b, h, t), shape.head_dim, 0.0F);
        }
    }
}

}  // namespace heed::reference
