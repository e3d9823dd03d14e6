#include "heed/datasets/images/augmentation/batch_mix.h"

#include <algorithm>
#include <cmath>

namespace heed {

namespace {

/// Uniform in (0, 1], so that the logarithm is finite.
double positive_uniform(RandomSequence& random) {
    return (static_cast<double>(random.next()) + 1) * 0x1p-32;
}

/// Logarithm of a number from Gamma(alpha, 1) (Marsaglia and Tsang, 2000). Small alphas give numbers below the smallest
/// double, so that only the logarithm can be told.
double log_gamma_draw(RandomSequence& random, double alpha) {
    if (alpha < 1) return log_gamma_draw(random, alpha + 1) + std::log(positive_uniform(random)) / alpha;
    const double d = alpha - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
        const double x = static_cast<double>(random.normal());
        const double v = std::pow(1 + c * x, 3);
        if (v > 0 && std::log(positive_uniform(random)) < 0.5 * x * x + d - d * v + d * std::log(v)) {
            return std::log(d * v);
        }
    }
}

/// Calls `f(begin, end)` for each run of values that the rectangle takes.
template <class F>
void for_each_run(const BatchMix& mix, const ImageShape& shape, F&& f) {
    for (int64_t channel = 0; channel < shape.channels; ++channel) {
        for (int64_t y = mix.top; y < mix.top + mix.height; ++y) {
            const int64_t begin = (channel * shape.height + y) * shape.width + mix.left;
            f(begin, begin + mix.width);
        }
    }
}

}  // namespace

double draw_beta(RandomSequence& random, double alpha) {
    const double a = log_gamma_draw(random, alpha);
    const double b = log_gamma_draw(random, alpha);
    return 1 / (1 + std::exp(b - a));
}

BatchMix draw_batch_mix(const AugmentOptions& options, const ImageShape& shape, uint64_t seed, int64_t epoch,
                        int64_t batch) {
    BatchMix mix;
    if (options.mixup == 0 && options.cutmix == 0) return mix;
    RandomSequence random(random_key(seed, RandomPurpose::augmentation, "mix"), static_cast<uint32_t>(epoch),
                          static_cast<uint32_t>(batch));
    const bool cuts = options.cutmix > 0 && (options.mixup == 0 || random.uniform() < 0.5F);
    mix.kind = cuts ? BatchMix::Kind::cutmix : BatchMix::Kind::mixup;
    const double share = draw_beta(random, cuts ? options.cutmix : options.mixup);
    mix.own_share = static_cast<float>(share);
    if (!cuts) return mix;
    // The centre is uniform over the image and the rectangle is cut at its edges (Yun et al., 2019); what is really
    // pasted counts for the labels.
    const double side = std::sqrt(1 - share);
    const auto half_height = static_cast<int64_t>(side * static_cast<double>(shape.height)) / 2;
    const auto half_width = static_cast<int64_t>(side * static_cast<double>(shape.width)) / 2;
    const auto y = static_cast<int64_t>(random.below(static_cast<uint64_t>(shape.height)));
    const auto x = static_cast<int64_t>(random.below(static_cast<uint64_t>(shape.width)));
    mix.top = std::max<int64_t>(0, y - half_height);
    mix.left = std::max<int64_t>(0, x - half_width);
    mix.height = std::min(shape.height, y + half_height) - mix.top;
    mix.width = std::min(shape.width, x + half_width) - mix.left;
    mix.own_share = 1 - static_cast<float>(mix.height * mix.width) / static_cast<float>(shape.height * shape.width);
    return mix;
}

void mix_into(const BatchMix& mix, const ImageShape& shape, std::span<float> own, std::span<const float> other) {
    if (mix.kind == BatchMix::Kind::mixup) {
        const float share = mix.own_share, rest = 1 - share;
        for (std::size_t i = 0; i < own.size(); ++i) own[i] = share * own[i] + rest * other[i];
    } else if (mix.kind == BatchMix::Kind::cutmix) {
        for_each_run(mix, shape, [&](int64_t begin, int64_t end) {
            std::copy(other.data() + begin, other.data() + end, own.data() + begin);
        });
    }
}

void mix_pair(const BatchMix& mix, const ImageShape& shape, std::span<float> a, std::span<float> b) {
    if (mix.kind == BatchMix::Kind::mixup) {
        const float share = mix.own_share, rest = 1 - share;
        for (std::size_t i = 0; i < a.size(); ++i) {
            const float first = a[i], second = b[i];
            a[i] = share * first + rest * second;
            b[i] = share * second + rest * first;
        }
    } else if (mix.kind == BatchMix::Kind::cutmix) {
        for_each_run(mix, shape, [&](int64_t begin, int64_t end) {
            std::swap_ranges(a.data() + begin, a.data() + end, b.data() + begin);
        });
    }
}

}  // namespace heed
