#pragma once

// Dropout masks from a random stream, the same bits as on the processor.

#include <cstdint>

#include "heed/core/cuda/for_each.cuh"
#include "heed/core/random/philox.h"
#include "heed/core/random/random_stream.h"

namespace heed::cuda {

/// Which elements are dropped, and the factor of the others.
struct DropoutMask {
    RandomStream stream;
    uint32_t threshold;  ///< an element is dropped when its random word is below
    float scale;         ///< 1 / (1 - probability)
};

inline DropoutMask make_dropout_mask(double probability, const RandomStream& stream) {
    return {stream, drop_threshold(probability), static_cast<float>(1 / (1 - probability))};
}

/// Calls body(i, factor), a lambda marked __device__, for every element i of a flat buffer of samples; the factor is 0
/// for a dropped element. A thread takes the four elements whose random words come out of one block of Philox.
template <class Body>
void for_each_dropped(const char* name, int64_t samples, int64_t per_sample, const DropoutMask& mask,
                      const Body& body) {
    const int64_t philox_blocks = (per_sample + 63) / 64 * 16;
    for_each_in_rows(name, samples, philox_blocks, [=] __device__(int64_t sample, int64_t block) {
        const auto number = static_cast<uint64_t>(block);
        const PhiloxBlock words = philox(
            mask.stream.key, {{low_word(number), high_word(number),
                               mask.stream.first_sample + low_word(static_cast<uint64_t>(sample)), mask.stream.step}});
        for (int i = 0; i < 4; ++i) {
            const int64_t element = block / 16 * 64 + block % 16 + 16 * i;
            if (element >= per_sample) return;
            body(sample * per_sample + element, words.word[i] < mask.threshold ? 0.0F : mask.scale);
        }
    });
}

/// `value` times a factor of for_each_dropped: 0 for a dropped element, whatever it was.
__device__ inline float dropped(float value, float factor) {
    return factor == 0 ? 0.0F : value * factor;
}

}  // namespace heed::cuda
