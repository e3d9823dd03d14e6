#include "heed/datasets/images/augmentation/augmentation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <set>

#include "heed/core/error.h"
#include "heed/datasets/batches/batch_loader.h"
#include "heed/datasets/images/augmentation/colour_jitter.h"
#include "heed/tests/support/message_of.h"

namespace heed::augmentation_test {
namespace {

using test::message_of;

/// Byte (c, y, x) of image i is 1 + (i * 37 + c * 101 + y * 17 + x * 5) % 255: neighbours differ, and none is 0.
class PatternImages final : public ImageSource {
public:
    PatternImages(int64_t size, const ImageShape& shape) : size_(size), shape_(shape) {}

    int64_t size() const override { return size_; }
    const ImageShape& shape() const override { return shape_; }
    const std::vector<std::string>& class_names() const override { return class_names_; }
    void read_image(int64_t index, std::span<uint8_t> pixels) const override {
        for (int64_t c = 0; c < shape_.channels; ++c) {
            for (int64_t y = 0; y < shape_.height; ++y) {
                for (int64_t x = 0; x < shape_.width; ++x) {
                    pixels[static_cast<std::size_t>((c * shape_.height + y) * shape_.width + x)] = byte(index, c, y, x);
                }
            }
        }
    }
    int32_t label(int64_t index) const override { return static_cast<int32_t>(index % 4); }

    static uint8_t byte(int64_t index, int64_t c, int64_t y, int64_t x) {
        return static_cast<uint8_t>(1 + (index * 37 + c * 101 + y * 17 + x * 5) % 255);
    }

private:
    int64_t size_;
    ImageShape shape_;
    std::vector<std::string> class_names_ = {"a", "b", "c", "d"};
};

const Normalisation plain{{0.0}, {1.0}};
const ImageShape shape{3, 10, 12};

ImageSplit pattern_split(int64_t size) {
    ImageSplit split{std::make_shared<PatternImages>(size, shape), {}};
    split.indices.resize(static_cast<std::size_t>(size));
    std::iota(split.indices.begin(), split.indices.end(), int64_t{0});
    return split;
}

std::vector<float> read(const AugmentOptions& options, int64_t index, int64_t epoch, uint64_t seed = 1) {
    const PatternImages images(1000, shape);
    const Augmentation augmentation(options, plain, shape, seed);
    std::vector<uint8_t> bytes(static_cast<std::size_t>(shape.pixels()));
    std::vector<float> values(bytes.size(), -1.0F);
    augmentation.read(images, index, epoch, bytes, values);
    return values;
}

float value_at(const std::vector<float>& values, int64_t c, int64_t y, int64_t x) {
    return values[static_cast<std::size_t>((c * shape.height + y) * shape.width + x)];
}

/// The image moved and mirrored by the definition: first cut out of the padded image, then mirrored.
std::vector<float> moved(int64_t index, int64_t down, int64_t right, bool mirrored) {
    std::vector<float> values;
    for (int64_t c = 0; c < shape.channels; ++c) {
        for (int64_t y = 0; y < shape.height; ++y) {
            for (int64_t x = 0; x < shape.width; ++x) {
                const int64_t row = y + down, column = (mirrored ? shape.width - 1 - x : x) + right;
                const bool inside = row >= 0 && row < shape.height && column >= 0 && column < shape.width;
                values.push_back(inside ? static_cast<float>(PatternImages::byte(index, c, row, column)) / 255.0F
                                        : 0.0F);
            }
        }
    }
    return values;
}

TEST(Augmentation, OffChangesNothing) {
    EXPECT_EQ(read({}, 5, 0), moved(5, 0, 0, false));
    EXPECT_EQ(read({}, 5, 7), moved(5, 0, 0, false));
}

TEST(Augmentation, FlipMirrorsHalfOfTheImages) {
    AugmentOptions options;
    options.flip = true;
    int mirrored = 0;
    for (int64_t index = 0; index < 400; ++index) {
        const std::vector<float> values = read(options, index, 3);
        const bool is_mirrored = values == moved(index, 0, 0, true);
        EXPECT_TRUE(is_mirrored || values == moved(index, 0, 0, false)) << index;
        mirrored += is_mirrored ? 1 : 0;
    }
    EXPECT_NEAR(mirrored, 200, 50);
}

TEST(Augmentation, CropTakesEveryPlaceOfThePaddedImage) {
    for (const bool flip : {false, true}) {
        AugmentOptions options;
        options.crop = 2;
        options.flip = flip;
        std::set<std::tuple<int64_t, int64_t, bool>> places;
        for (int64_t epoch = 0; epoch < 600; ++epoch) {
            const std::vector<float> values = read(options, 9, epoch);
            int matches = 0;
            for (int64_t down = -2; down <= 2; ++down) {
                for (int64_t right = -2; right <= 2; ++right) {
                    for (const bool mirrored : {false, true}) {
                        if (values != moved(9, down, right, mirrored)) continue;
                        ++matches;
                        places.emplace(down, right, mirrored);
                    }
                }
            }
            ASSERT_EQ(matches, 1) << epoch;
        }
        EXPECT_EQ(places.size(), flip ? 50U : 25U);
    }
}

TEST(Augmentation, EraseSetsOneRectangleToZero) {
    AugmentOptions options;
    options.erase = 0.5;
    int erased_images = 0;
    for (int64_t index = 0; index < 300; ++index) {
        const std::vector<float> values = read(options, index, 0), whole = moved(index, 0, 0, false);
        int64_t top = shape.height, bottom = -1, left = shape.width, right = -1, zeros = 0;
        for (int64_t y = 0; y < shape.height; ++y) {
            for (int64_t x = 0; x < shape.width; ++x) {
                if (value_at(values, 0, y, x) != 0.0F) {
                    for (int64_t c = 0; c < 3; ++c) ASSERT_EQ(value_at(values, c, y, x), value_at(whole, c, y, x));
                    continue;
                }
                for (int64_t c = 0; c < 3; ++c) ASSERT_EQ(value_at(values, c, y, x), 0.0F);
                top = std::min(top, y), bottom = std::max(bottom, y);
                left = std::min(left, x), right = std::max(right, x);
                ++zeros;
            }
        }
        if (zeros == 0) continue;
        ++erased_images;
        EXPECT_EQ(zeros, (bottom - top + 1) * (right - left + 1)) << "a full rectangle";
        EXPECT_LE(zeros, shape.height * shape.width * 45 / 100);
    }
    EXPECT_NEAR(erased_images, 150, 45);
}

TEST(Augmentation, ChangesAreAFunctionOfSeedEpochAndImage) {
    AugmentOptions options;
    options.flip = true;
    options.crop = 3;
    options.erase = 0.5;
    options.jitter = {0.3};
    EXPECT_EQ(read(options, 4, 2), read(options, 4, 2));
    std::set<std::vector<float>> different;
    for (int64_t epoch = 0; epoch < 20; ++epoch) different.insert(read(options, 4, epoch));
    for (uint64_t seed = 2; seed < 22; ++seed) different.insert(read(options, 4, 0, seed));
    EXPECT_GE(different.size(), 39U);
}

TEST(Augmentation, RefusesWhatDoesNotFit) {
    AugmentOptions options;
    options.crop = 10;
    EXPECT_EQ(message_of<UserError>([&] { read(options, 0, 0); }),
              "data.augment.crop expects less than the side of the images (10 pixels), got 10");
    options.jitter = {0.1, 0.2};
    EXPECT_EQ(message_of<UserError>([&] { options.validate(); }),
              "data.augment.jitter expects one value, or three (brightness, contrast, saturation), got 2");
}

TEST(ColourJitter, FollowsItsDefinition) {
    const ImageShape two{3, 1, 2};
    const std::vector<uint8_t> original = {100, 200, 50, 200, 10, 200};  // (100, 50, 10) and a grey of 200
    std::vector<uint8_t> pixels = original;
    jitter_colours(pixels, two, {});
    EXPECT_EQ(pixels, original);
    jitter_colours(pixels, two, {.brightness = 1.5F});
    EXPECT_EQ(pixels, (std::vector<uint8_t>{150, 255, 75, 255, 15, 255}));
    pixels = original;
    // grey: (0.299 * 100 + 0.587 * 50 + 0.114 * 10 + 200) / 2 = 130.195
    jitter_colours(pixels, two, {.contrast = 0.5F});
    EXPECT_EQ(pixels, (std::vector<uint8_t>{115, 165, 90, 165, 70, 165}));
    pixels = original;
    jitter_colours(pixels, two, {.saturation = 0.0F});  // grey of the first: 60.39
    EXPECT_EQ(pixels, (std::vector<uint8_t>{60, 200, 60, 200, 60, 200}));
    std::vector<uint8_t> grey = {0, 100};
    jitter_colours(grey, {1, 1, 2}, {.brightness = 0.5F, .contrast = 2.0F, .saturation = 9.0F});
    EXPECT_EQ(grey, (std::vector<uint8_t>{0, 75}));
}

TEST(BatchMix, BetaHasTheRightMeanAndVariance) {
    for (const double alpha : {0.2, 1.0, 4.0}) {
        RandomSequence random(random_key(1, RandomPurpose::augmentation, "test"));
        double sum = 0, squares = 0;
        constexpr int count = 20000;
        for (int i = 0; i < count; ++i) {
            const double value = draw_beta(random, alpha);
            ASSERT_TRUE(value >= 0 && value <= 1);
            sum += value;
            squares += value * value;
        }
        const double mean = sum / count;
        EXPECT_NEAR(mean, 0.5, 0.01) << alpha;
        EXPECT_NEAR(squares / count - mean * mean, 1 / (4 * (2 * alpha + 1)), 0.004) << alpha;
    }
    RandomSequence random(random_key(2, RandomPurpose::augmentation, "test"));
    for (int i = 0; i < 1000; ++i) {
        const double value = draw_beta(random, 1e-4);
        EXPECT_TRUE(value >= 0 && value <= 1) << "a tiny alpha gives 0 or 1, never NaN";
    }
}

/// All samples of some optimizer batches by epoch, batch and place: pixels, both labels and the share.
using Samples = std::map<std::tuple<int64_t, int64_t, int64_t>, std::tuple<std::vector<float>, int, int, float>>;

Samples samples_of(const AugmentOptions& options, BatchPlan plan) {
    Samples result;
    for (plan.rank = 0; plan.rank < plan.ranks; ++plan.rank) {
        BatchLoader loader(pattern_split(29), plain, plan, options);
        while (const ImageBatch* batch = loader.next()) {
            for (int64_t i = 0; i < batch->size(); ++i) {
                const auto begin = batch->images.begin() + i * shape.pixels();
                const auto place = static_cast<std::size_t>(i);
                result[{batch->position.epoch, batch->position.batch, batch->first_sample + i}] = {
                    std::vector<float>(begin, begin + shape.pixels()), batch->labels[place],
                    batch->partner_labels.empty() ? -1 : batch->partner_labels[place], batch->own_share};
            }
        }
    }
    return result;
}

TEST(BatchMix, DependsOnNeitherRanksMicroBatchesNorTheStart) {
    AugmentOptions options;
    options.flip = true;
    options.crop = 2;
    options.erase = 0.3;
    options.jitter = {0.2};
    for (const auto& [mixup, cutmix] : {std::pair{0.0, 0.0}, std::pair{0.4, 0.0}, std::pair{0.0, 1.0}, {0.4, 1.0}}) {
        options.mixup = mixup;
        options.cutmix = cutmix;
        BatchPlan plan{.batch = 8, .shuffle = true, .seed = 5, .end_epoch = 3};
        const Samples whole = samples_of(options, plan);
        EXPECT_EQ(whole.size(), 3U * 29U);
        for (const auto& [ranks, parts] : {std::pair{1, 3}, std::pair{2, 1}, std::pair{2, 3}}) {
            plan.ranks = ranks;
            plan.micro_batches = parts;
            EXPECT_EQ(samples_of(options, plan), whole) << ranks << " ranks, " << parts << " micro-batches";
        }
        Samples rest = whole;
        std::erase_if(rest, [](const auto& sample) { return std::get<0>(sample.first) < 1; });
        EXPECT_EQ(samples_of(options, {.batch = 8, .shuffle = true, .seed = 5, .start = {1, 0}, .end_epoch = 3}), rest);
    }
}

TEST(BatchMix, MixupBlendsPartnersAndTheirLabels) {
    AugmentOptions options;
    const BatchPlan plan{.batch = 5, .shuffle = true, .seed = 5, .end_epoch = 1};
    const Samples own = samples_of(options, plan);
    options.mixup = 1;
    const Samples mixed = samples_of(options, plan);
    std::set<float> shares;
    for (const auto& [key, sample] : mixed) {
        const auto& [epoch, batch, place] = key;
        const int64_t size = batch == 5 ? 4 : 5;
        const auto& [partner_pixels, partner_label, none, one] = own.at({epoch, batch, size - 1 - place});
        const auto& [own_pixels, own_label, none2, one2] = own.at(key);
        const auto& [pixels, label, other_label, share] = sample;
        EXPECT_EQ(none, -1);
        EXPECT_EQ(one, 1.0F);
        EXPECT_EQ(label, own_label);
        EXPECT_EQ(other_label, partner_label);
        for (std::size_t i = 0; i < pixels.size(); ++i) {
            ASSERT_FLOAT_EQ(pixels[i], share * own_pixels[i] + (1 - share) * partner_pixels[i]);
        }
        shares.insert(share);
    }
    EXPECT_EQ(shares.size(), 6U) << "one ratio a batch";
}

TEST(BatchMix, CutmixPastesARectangleAndCountsItsArea) {
    AugmentOptions options;
    const BatchPlan plan{.batch = 6, .seed = 5, .end_epoch = 8};
    const Samples own = samples_of(options, plan);
    options.cutmix = 1;
    int64_t pasted_batches = 0;
    for (const auto& [key, sample] : samples_of(options, plan)) {
        const auto& [epoch, batch, place] = key;
        const int64_t size = batch == 4 ? 5 : 6;
        if (place == size - 1 - place) continue;
        const std::vector<float>& partner = std::get<0>(own.at({epoch, batch, size - 1 - place}));
        const std::vector<float>& mine = std::get<0>(own.at(key));
        const auto& [pixels, label, other_label, share] = sample;
        int64_t pasted = 0;
        for (std::size_t i = 0; i < pixels.size(); ++i) {
            ASSERT_TRUE(pixels[i] == mine[i] || pixels[i] == partner[i]);
            pasted += pixels[i] != mine[i] ? 1 : 0;
        }
        EXPECT_FLOAT_EQ(share, 1 - static_cast<float>(pasted) / static_cast<float>(shape.pixels()));
        pasted_batches += pasted > 0 && place == 0 ? 1 : 0;
    }
    EXPECT_GT(pasted_batches, 20);
}

}  // namespace
}  // namespace heed::augmentation_test
