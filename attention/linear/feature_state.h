#pragma once

// What the queries of linear attention have to know of the keys. Included by *.isa.cpp files only.

#include "heed/attention/heads/head_rows.h"
#include "heed/attention/heads/sdpa_shape.h"
#include "heed/attention/linear/feature_kernels.h"
#include "heed/core/simd/loop.h"
#include "heed/core/simd/math.h"

namespace heed::HEED_ISA {

/// Room for the components of a head, so that whole vectors may be read behind its end.
inline constexpr int64_t feature_row = largest_head_dim + 16;

HEED_SIMD int64_t padded_width(int64_t head_dim) {
    return (head_dim + 15) / 16 * 16;
}

/// Floats of one FeatureState.
HEED_SIMD int64_t feature_state_floats(const FeatureShape& shape) {
    return shape.features * (2 + padded_width(shape.head_dim));
}

/// The components of a head, with zeros behind them up to a multiple of 16.
HEED_SIMD void load_feature_row(const float* from, int64_t head_dim, float* to) {
    const int64_t width = padded_width(head_dim);
    for (int64_t x = 0; x < width; x += lanes) {
        const int64_t count = max(0, min(lanes, head_dim - x));
        store(to + x, load(from + x, count));
    }
}

/// For each feature c the sum over what has been absorbed of e_c v and of e_c w, where e_c is the feature, v a row and
/// w a number. Where features are logarithms, both sums are relative to e^m_c with m_c the greatest logarithm so far,
/// so that nothing overflows; no greatest value of several features or samples is taken.
class FeatureState {
public:
    [[gnu::always_inline]] FeatureState(float* memory, int64_t features, int64_t head_dim, bool logarithmic)
        : greatest_(memory),
          sums_(memory + features),
          rows_(memory + 2 * features),
          features_(features),
          head_dim_(head_dim),
          width_(padded_width(head_dim)),
          logarithmic_(logarithmic) {}

    [[gnu::always_inline]] void clear() {
        for (int64_t c = 0; c < features_; ++c) greatest_[c] = -infinity;
        for (int64_t i = 0; i < features_ * (1 + width_); ++i) sums_[i] = 0;
    }

    [[gnu::always_inline]] float sum(int64_t c) const { return sums_[c]; }

    /// `row` as load_feature_row makes it.
    [[gnu::always_inline]] void absorb(const float* features, const float* row, float number) {
        float factors[largest_features];
        if (logarithmic_) {
            take_factors(features, factors);
        } else {
            for (int64_t c = 0; c < features_; ++c) factors[c] = features[c];
        }
        for (int64_t c = 0; c < features_; ++c) {
            const vf factor = broadcast(factors[c]);
            float* to = rows_ + c * width_;
            for (int64_t x = 0; x < width_; x += lanes) store(to + x, fma(factor, load(row + x), load(to + x)));
            sums_[c] += factors[c] * number;
        }
    }

    /// The mean of the rows under the features of a query, with the numbers as weights; gives what it was divided by,
    /// or its logarithm.
    [[gnu::always_inline]] float answer(const float* query, float floor, float* output) const {
        float factors[largest_features];
        float shift = 0;
        if (logarithmic_) {
            float largest = -infinity;
            for (int64_t c = 0; c < features_; ++c) {
                factors[c] = query[c] + greatest_[c];
                largest = factors[c] > largest ? factors[c] : largest;
            }
            shift = largest == -infinity ? 0 : largest;
            for_lanes(features_, [&](int64_t c, int64_t count) HEED_INLINE {
                store(factors + c, exp_nonpositive(load(factors + c, count) - shift), count);
            });
        } else {
            for (int64_t c = 0; c < features_; ++c) factors[c] = query[c];
        }
        vf products = zero();
        for_lanes(features_, [&](int64_t c, int64_t count) HEED_INLINE {
            products = fma(load(factors + c, count), load(sums_ + c, count), products);
        });
        const float total = hsum(products);
        float divisor = total;
        if (!logarithmic_ && total < floor) divisor = floor;
        mix(factors, divisor == 0 ? 0.0F : 1 / divisor,
            [&](int64_t x, int64_t count, vf mixed) HEED_INLINE { store(output + x, mixed, count); });
        return logarithmic_ ? shift + log(broadcast(total))[0] : total;
    }

    /// to_c = e^(logarithm_c + m_c + shift), which the sums of feature c are relative to; 0 where there are none.
    [[gnu::always_inline]] void times_exp(const float* logarithms, float shift, float* to) const {
        for_lanes(features_, [&](int64_t c, int64_t count) HEED_INLINE {
            const vf exponent = load(logarithms + c, count) + load(greatest_ + c, count) + shift;
            store(to + c, exp_nonpositive(exponent), count);
        });
    }

    [[gnu::always_inline]] float dot(int64_t c, const float* row) const {
        const float* own = rows_ + c * width_;
        vf sum = zero();
        for (int64_t x = 0; x < width_; x += lanes) sum = fma(load(own + x), load(row + x), sum);
        return hsum(sum);
    }

    /// to += sum over c of factors_c times the row of c.
    [[gnu::always_inline]] void add_mixture(const float* factors, float* to) const {
        mix(factors, 1.0F,
            [&](int64_t x, int64_t count, vf mixed) HEED_INLINE { store(to + x, load(to + x, count) + mixed, count); });
    }

private:
    /// Gives e^(feature - m_c) with the new m_c, and brings the sums to it.
    [[gnu::always_inline]] void take_factors(const float* features, float* factors) {
        bool rescales = false;
        float rescaling[largest_features];
        for_lanes(features_, [&](int64_t c, int64_t count) HEED_INLINE {
            const vf before = load(greatest_ + c, count), feature = load(features + c, count);
            const vf after = vmax(feature, before);  // NaN leaves it as it is
            const vf none = broadcast(0.0F);
            store(rescaling + c, select(after > before, exp_nonpositive(before - after), broadcast(1.0F)), count);
            store(factors + c, select(feature == -infinity, none, exp_nonpositive(feature - after)), count);
            store(greatest_ + c, after, count);
            rescales = rescales || any(select(first_lanes(count), after > before, vi{}));
        });
        if (!rescales) return;
        for (int64_t c = 0; c < features_; ++c) {
            if (rescaling[c] == 1) continue;
            sums_[c] *= rescaling[c];
            const vf factor = broadcast(rescaling[c]);
            float* row = rows_ + c * width_;
            for (int64_t x = 0; x < width_; x += lanes) store(row + x, load(row + x) * factor);
        }
    }

    /// Calls take(x, count, scale * sum over c of factors_c rows_c[x ...]), four vectors at a time.
    template <class Take>
    [[gnu::always_inline]] void mix(const float* factors, float scale, const Take& take) const {
        constexpr int64_t step = 4 * lanes;
        for (int64_t first = 0; first < head_dim_; first += step) {
            vf sums[4] = {};
            if (first + step <= width_) {
                for (int64_t c = 0; c < features_; ++c) {
                    const vf factor = broadcast(factors[c]);
                    const float* row = rows_ + c * width_ + first;
                    for (int i = 0; i < 4; ++i) sums[i] = fma(factor, load(row + i * lanes), sums[i]);
                }
            } else {
                const int64_t vectors = (width_ - first) / lanes;
                for (int64_t c = 0; c < features_; ++c) {
                    const vf factor = broadcast(factors[c]);
                    const float* row = rows_ + c * width_ + first;
                    for (int i = 0; i < 3; ++i) {
                        if (i < vectors) sums[i] = fma(factor, load(row + i * lanes), sums[i]);
                    }
                }
            }
            for (int i = 0; i < 4; ++i) {
                const int64_t x = first + i * lanes;
                if (x < head_dim_) take(x, min(lanes, head_dim_ - x), sums[i] * scale);
            }
        }
    }

    float *greatest_, *sums_, *rows_;
    int64_t features_, head_dim_, width_;
    bool logarithmic_;
};

/// The share of a key that a query may see.
HEED_SIMD float feature_share(const FeatureShape& shape, const float* query, const float* key, float normaliser) {
    vf sum = zero();
    for_lanes(shape.features, [&](int64_t c, int64_t count) HEED_INLINE {
        const vf a = load(query + c, count), b = load(key + c, count);
        sum += keep_first(shape.logarithmic ? exp_nonpositive(a + b - normaliser) : a * b, count);
    });
    const float total = hsum(sum);
    if (shape.logarithmic) return total;
    return total / (normaliser < shape.floor ? shape.floor : normaliser);
}

/// M of CosineFeatures.
HEED_SIMD int64_t cosine_period(const CosineFeatures& a, int64_t sample) {
    int64_t own = a.tokens, other = a.other_tokens;
    if (a.lengths != nullptr) own = max(0, min(a.lengths[sample], own));
    if (a.other_lengths != nullptr) other = max(0, min(a.other_lengths[sample], other));
    return max(1, max(own, other));
}

}  // namespace heed::HEED_ISA
