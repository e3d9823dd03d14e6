#include "heed/datasets/images/normalisation.h"

#include <fmt/core.h>

#include "heed/core/error.h"

namespace heed {

namespace {

double channel_value(const char* key, const std::vector<double>& values, int64_t channel, int64_t channels) {
    if (values.size() == 1) {
        return values[0];
    }
    if (static_cast<int64_t>(values.size()) != channels) {
        throw UserError(fmt::format("data.{} expects one value, or one for each of the {} channels, got {}", key,
                                    channels, values.size()));
    }
    return values[static_cast<std::size_t>(channel)];
}

}  // namespace

PixelTable::PixelTable(const Normalisation& normalisation, const ImageShape& shape)
    : channels_(shape.channels), plane_(shape.height * shape.width) {
    for (int64_t channel = 0; channel < channels_; ++channel) {
        const double mean = channel_value("mean", normalisation.mean, channel, channels_);
        const double deviation = channel_value("std", normalisation.deviation, channel, channels_);
        if (!(deviation > 0)) {
            throw UserError(fmt::format("data.std expects values above 0, got {}", deviation));
        }
        for (int byte = 0; byte < 256; ++byte) {
            const float unit = static_cast<float>(byte) / 255.0F;
            table_.push_back((unit - static_cast<float>(mean)) / static_cast<float>(deviation));
        }
    }
}

void PixelTable::apply(std::span<const uint8_t> pixels, std::span<float> values) const {
    for (int64_t c = 0; c < channels_; ++c) {
        const float* table = channel(c);
        const uint8_t* source = pixels.data() + c * plane_;
        float* target = values.data() + c * plane_;
        for (int64_t i = 0; i < plane_; ++i) {
            target[i] = table[source[i]];
        }
    }
}

}  // namespace heed
