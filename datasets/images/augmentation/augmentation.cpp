#include "heed/datasets/images/augmentation/augmentation.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "heed/core/error.h"
#include "heed/datasets/images/augmentation/colour_jitter.h"

namespace heed {

namespace {

double jitter_of(const AugmentOptions& options, std::size_t what) {
    return options.jitter.size() == 1 ? options.jitter[0] : options.jitter.at(what);
}

double uniform(RandomSequence& random, double least, double greatest) {
    return least + (greatest - least) * static_cast<double>(random.uniform());
}

int64_t whole_below(RandomSequence& random, int64_t bound) {
    return static_cast<int64_t>(random.below(static_cast<uint64_t>(bound)));
}

RandomCrop draw_crop(double least_area, RandomSequence& random) {
    RandomCrop crop;
    crop.area = static_cast<float>(uniform(random, least_area, 1));
    crop.ratio = static_cast<float>(std::exp(uniform(random, std::log(3.0 / 4), std::log(4.0 / 3))));
    crop.x = random.uniform();
    crop.y = random.uniform();
    return crop;
}

}  // namespace

Augmentation::Augmentation(const AugmentOptions& options, const Normalisation& normalisation, const ImageShape& shape,
                           uint64_t seed)
    : options_(options),
      pixels_(normalisation, shape),
      shape_(shape),
      key_(random_key(seed, RandomPurpose::augmentation, "image")),
      brightness_(jitter_of(options, 0)),
      contrast_(jitter_of(options, 1)),
      saturation_(jitter_of(options, 2)) {
    if (options.crop >= std::min(shape.height, shape.width)) {
        throw UserError(fmt::format("data.augment.crop expects less than the side of the images ({} pixels), got {}",
                                    std::min(shape.height, shape.width), options.crop));
    }
}

void Augmentation::read(const ImageSource& source, int64_t index, int64_t epoch, std::span<uint8_t> bytes,
                        std::span<float> values) const {
    RandomSequence random(key_, static_cast<uint32_t>(epoch), static_cast<uint32_t>(index));
    if (options_.resized_crop > 0) {
        source.read_crop(index, draw_crop(options_.resized_crop, random), bytes);
    } else {
        source.read_image(index, bytes);
    }
    if (brightness_ > 0 || contrast_ > 0 || saturation_ > 0) {
        const auto factor = [&](double most) { return static_cast<float>(uniform(random, 1 - most, 1 + most)); };
        ColourFactors factors;
        factors.brightness = factor(brightness_);
        factors.contrast = factor(contrast_);
        factors.saturation = factor(saturation_);
        jitter_colours(bytes, shape_, factors);
    }
    if (options_.crop > 0 || options_.flip) {
        normalise_shifted(bytes, values, random);
    } else {
        pixels_.apply(bytes, values);
    }
    if (options_.erase > 0 && static_cast<double>(random.uniform()) < options_.erase) erase(values, random);
}

void Augmentation::normalise_shifted(std::span<const uint8_t> bytes, std::span<float> values,
                                     RandomSequence& random) const {
    const int64_t height = shape_.height, width = shape_.width;
    const int64_t down = options_.crop > 0 ? whole_below(random, 2 * options_.crop + 1) - options_.crop : 0;
    const int64_t right = options_.crop > 0 ? whole_below(random, 2 * options_.crop + 1) - options_.crop : 0;
    const bool mirrored = options_.flip && random.uniform() < 0.5F;
    // Target columns first .. last-1 lie inside the image: column x shows x + right, counted from the end where
    // mirrored.
    const int64_t first = mirrored ? std::max<int64_t>(0, right) : std::max<int64_t>(0, -right);
    const int64_t last = mirrored ? std::min(width, width + right) : std::min(width, width - right);
    const int64_t start = mirrored ? width - 1 + right - first : first + right;
    for (int64_t channel = 0; channel < shape_.channels; ++channel) {
        const float* table = pixels_.channel(channel);
        for (int64_t y = 0; y < height; ++y) {
            float* target = values.data() + (channel * height + y) * width;
            const int64_t row = y + down;
            if (row < 0 || row >= height) {
                std::fill(target, target + width, 0.0F);
                continue;
            }
            const uint8_t* source = bytes.data() + (channel * height + row) * width + start;
            std::fill(target, target + first, 0.0F);
            if (mirrored) {
                for (int64_t x = first; x < last; ++x) target[x] = table[source[first - x]];
            } else {
                for (int64_t x = first; x < last; ++x) target[x] = table[source[x - first]];
            }
            std::fill(target + last, target + width, 0.0F);
        }
    }
}

/// Random erasing (Zhong et al., 2017): area and the logarithm of the ratio of the sides are uniform; a rectangle that
/// does not fit is drawn again, at most ten times.
void Augmentation::erase(std::span<float> values, RandomSequence& random) const {
    const double area = static_cast<double>(shape_.height * shape_.width);
    for (int attempt = 0; attempt < 10; ++attempt) {
        const double share = uniform(random, 0.02, 0.33);
        const double ratio = std::exp(uniform(random, std::log(0.3), std::log(1 / 0.3)));
        const auto height = static_cast<int64_t>(std::lround(std::sqrt(share * area * ratio)));
        const auto width = static_cast<int64_t>(std::lround(std::sqrt(share * area / ratio)));
        if (height >= shape_.height || width >= shape_.width) continue;
        const int64_t top = whole_below(random, shape_.height - height + 1);
        const int64_t left = whole_below(random, shape_.width - width + 1);
        for (int64_t channel = 0; channel < shape_.channels; ++channel) {
            for (int64_t y = top; y < top + height; ++y) {
                float* row = values.data() + (channel * shape_.height + y) * shape_.width;
                std::fill(row + left, row + left + width, 0.0F);
            }
        }
        return;
    }
}

}  // namespace heed
