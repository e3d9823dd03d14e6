#include "heed/trainers/images/image_samples.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/tests/support/close.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/trainers/explanation/small_models.h"
#include "heed/trainers/images/image_facts.h"

namespace heed::test::image_samples_test {
namespace {

using Masks = std::vector<std::vector<uint8_t>>;
using Samples = std::vector<std::unique_ptr<ExplainedSample>>;

constexpr uint8_t mean = 51;  // of 255: 0.2

/// Images of 4 x 6 pixels in two rows of three patches.
SavedModel model_of(const std::string& type, const std::string& model) {
    auto facts = std::make_shared<ImageDataFacts>();
    facts->name = "dots";
    facts->class_names = {"a", "b", "c"};
    facts->shape = {1, 4, 6};
    facts->normalisation = {{0.2}, {0.5}};
    return small_model("model: {type: vit, dim: 12, depth: 2, heads: 3, mlp_dim: 16, patch: 2, " + model +
                           "}\nattention: " + type_options(type) + "\ndata: {name: mnist}\n",
                       facts);
}

/// Two images, of which the second has the mean colour in the patch of row 2, column 3.
Samples samples_in(SavedModel& saved) {
    const TemporaryFolder folder;
    std::vector<uint8_t> pixels;
    for (int image = 0; image < 2; ++image) {
        for (int i = 0; i < 24; ++i) {
            const bool removed = image == 1 && i / 6 >= 2 && i % 6 >= 4;
            pixels.push_back(removed ? mean : static_cast<uint8_t>((i * i * 37 + i * 91) % 256));
        }
    }
    write_bytes(folder / "images", idx_bytes({2, 4, 6}, pixels));
    SampleRequest request;
    request.files = {folder / "images"};
    return samples_of(saved, request);
}

TEST(ImageSamples, AreSoundWithEveryTypeAndWayToRead) {
    for (const char* type : {"sdpa", "optimised", "efficient", "super", "smyrf"}) {
        for (const char* model : {"pool: class", "pool: mean, overlap: 1", "pool: class, distillation: head"}) {
            SCOPED_TRACE(std::string(type) + " " + model);
            SavedModel saved = model_of(type, model);
            const Samples samples = samples_in(saved);
            ASSERT_EQ(samples.size(), 2U);
            ExplainedSample& sample = *samples[0];
            expect_sound(sample);
            Masks kept = {std::vector<uint8_t>(sample.input().units.size(), 1)};
            EXPECT_CLOSE(sample.answers(kept, Removal::keys)[0].probability, sample.prediction().probability, 1e-5);
            kept[0].back() = 0;
            const double probability = sample.answers(kept, Removal::replacement)[0].probability;
            const std::vector<float> logits = samples[1]->prediction().logits;
            EXPECT_CLOSE(probability, std::exp(log_probability(logits, sample.prediction().explained)), 1e-5);
        }
    }
}

TEST(ImageSamples, WithoutKeysHaveTheSoftmaxOverTheOthers) {
    for (const char* type : {"sdpa", "optimised", "efficient"}) {
        SavedModel saved = model_of(type, "pool: class, distillation: head");
        const Samples samples = samples_in(saved);
        ExplainedSample& sample = *samples.at(0);
        const Masks kept = {{1, 1, 0, 1, 1, 1, 1, 1}, {1, 1, 1, 0, 0, 1, 0, 0}, {1, 1, 0, 0, 0, 0, 0, 0}};
        const std::vector<VariantAnswer> answers = sample.answers(kept, Removal::keys);
        for (size_t i = 0; i < kept.size(); ++i) {
            const double wanted =
                log_probability(logits_with_masked_columns(sample, kept[i]), sample.prediction().explained);
            EXPECT_CLOSE(std::log(answers[i].probability), wanted, 1e-5) << type << " " << i;
        }
    }
}

TEST(ImageSamples, TellWhatTheyAre) {
    SavedModel saved = model_of("sdpa", "pool: class, distillation: token");
    const Samples samples = samples_in(saved);
    const ExplainedInput& input = samples.at(0)->input();
    ASSERT_EQ(input.units.size(), 8U);
    EXPECT_TRUE(input.units[0].fixed && input.units[1].fixed && !input.units[2].fixed);
    EXPECT_EQ(input.units[7].name, "patch 2,3");
    EXPECT_EQ(input.read_queries, std::vector<int64_t>{0});
    EXPECT_TRUE(contains(input.place, "images#0")) << input.place;
    ASSERT_TRUE(input.image.has_value());
    EXPECT_EQ(input.image->pixels.size(), 24U);
    EXPECT_EQ(input.image->patch_rows * input.image->patch_columns, 6);
    SavedModel both = model_of("sdpa", "pool: class, distillation: head");
    EXPECT_EQ(samples_in(both).at(1)->input().read_queries, (std::vector<int64_t>{0, 1}));
}

}  // namespace
}  // namespace heed::test::image_samples_test
