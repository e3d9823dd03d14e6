#pragma once

// Dropout masks made on the fly from a random stream, one vector at a time, for any range of a flat buffer.

#include "heed/core/simd/loop.h"
#include "heed/core/simd/philox.h"

namespace heed::HEED_ISA {

/// Which elements of a flat buffer of samples are dropped, and the factor of the others.
struct DropoutMask {
    RandomStream stream;
    uint32_t threshold;  ///< an element is dropped when its random word is below
    float scale;         ///< 1 / (1 - probability)
    int64_t per_sample;  ///< element i of the buffer belongs to sample i / per_sample of the stream
};

HEED_SIMD DropoutMask make_dropout_mask(double probability, const RandomStream& stream, int64_t per_sample) {
    return {stream, drop_threshold(probability), static_cast<float>(1 / (1 - probability)), per_sample};
}

namespace detail {

/// All bits set where an element is kept, for elements [first, first + count) of a sample; first is a multiple of 64,
/// and `kept` has room for count rounded up to the next multiple of 64.
HEED_SIMD void fill_kept(const DropoutMask& mask, int64_t sample, int64_t first, int64_t count, int32_t* kept) {
    const uint32_t sample_word = mask.stream.first_sample + static_cast<uint32_t>(sample);
    const vu limit = (vu)broadcast(static_cast<int32_t>(mask.threshold));
    for (int64_t done = 0; done < count; done += 64) {
        for (int lane = 0; lane < 16; lane += lanes) {
            vu word[4];
            philox(mask.stream.key, static_cast<uint64_t>(first + done) / 4 + static_cast<uint64_t>(lane), sample_word,
                   mask.stream.step, word);
            for (int w = 0; w < 4; ++w) {
                store(kept + done + 16 * w + lane, (vi)(word[w] >= limit));
            }
        }
    }
}

}  // namespace detail

/// Calls `body(i, count, kept)` for elements [begin, end) of the buffer, `count` <= lanes neighbours from element i at
/// a time; the first `count` lanes of `kept` have all bits set where the element is kept, else none.
template <class Body>
HEED_SIMD void for_kept(const DropoutMask& mask, int64_t begin, int64_t end, const Body& body) {
    constexpr int64_t piece = 256;
    int32_t kept[piece + lanes];  // a full load may start at the last element
    while (begin < end) {
        const int64_t sample = begin / mask.per_sample;
        const int64_t element = begin % mask.per_sample;
        const int64_t skip = element % 64;
        int64_t stop = begin + piece - skip;
        const int64_t sample_end = (sample + 1) * mask.per_sample;
        stop = stop < sample_end ? stop : sample_end;
        stop = stop < end ? stop : end;
        detail::fill_kept(mask, sample, element - skip, skip + (stop - begin), kept);
        const int32_t* here = kept + skip;
        for_lanes(stop - begin, [&](int64_t j, int64_t count) HEED_INLINE { body(begin + j, count, load(here + j)); });
        begin = stop;
    }
}

/// All bits set where a sample is kept as a whole, by the word of its first element; the same in all lanes.
HEED_SIMD vi sample_kept(const DropoutMask& mask, int64_t sample) {
    int32_t kept[64];
    detail::fill_kept(mask, sample, 0, 1, kept);
    return broadcast(kept[0]);
}

/// x * scale where kept, else 0 (whatever x is).
HEED_SIMD vf drop(const DropoutMask& mask, vf x, vi kept) {
    return as_float(as_int(x * mask.scale) & kept);
}

}  // namespace heed::HEED_ISA
