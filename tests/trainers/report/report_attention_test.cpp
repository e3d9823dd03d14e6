#include "heed/trainers/images/report/attention_section.h"

#include <gtest/gtest.h>
#include <png.h>

#include <cmath>
#include <cstring>
#include <numeric>

#include "heed/core/error.h"
#include "heed/core/module/parameter_store.h"
#include "heed/layers/models/vit.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/images/image_task.h"
#include "heed/trainers/images/report/training_images_section.h"
#include "heed/trainers/inspection/attention_maps.h"
#include "heed/trainers/report/memory.h"
#include "heed/trainers/report/pictures/picture.h"

namespace heed::report_attention_test {
namespace {

using test::contains;
using test::message_of;

constexpr PatchTransformerShape with_class{
    .dim = 4, .depth = 2, .heads = 1, .rows = 1, .columns = 2, .class_token = true};
constexpr PatchTransformerShape without_class{
    .dim = 4, .depth = 2, .heads = 1, .rows = 1, .columns = 3, .class_token = false};

TEST(AttentionMaps, EntropyOfEqualWeightsIsTheLogarithm) {
    const std::vector<float> uniform(5 * 8, 0.125f);
    EXPECT_NEAR(attention_entropy(uniform, 8), std::log(8.0), 1e-9);
    std::vector<float> single(5 * 8, 0.0f);
    for (size_t row = 0; row < 5; ++row) single[row * 8 + row] = 1.0f;
    EXPECT_EQ(attention_entropy(single, 8), 0.0);
    const std::vector<float> mixed = {1.0f, 0.0f, 0.5f, 0.5f};
    EXPECT_NEAR(attention_entropy(mixed, 2), 0.5 * std::log(2.0), 1e-9);
    EXPECT_EQ(attention_density(mixed), 0.75);
    EXPECT_EQ(attention_density(uniform), 1.0);
}

TEST(AttentionMaps, TheClassTokenOrTheMeanLooksAtPatches) {
    const std::vector<float> weights = {0.5f, 0.3f, 0.2f,  //
                                        0.1f, 0.1f, 0.8f,  //
                                        0.0f, 0.2f, 0.8f};
    EXPECT_EQ(patch_attention(weights, with_class), (std::vector<float>{0.3f, 0.2f}));
    const std::vector<float> mean = patch_attention(weights, without_class);
    ASSERT_EQ(mean.size(), 3U);
    EXPECT_NEAR(mean[0], 0.2, 1e-6);
    EXPECT_NEAR(mean[1], 0.2, 1e-6);
    EXPECT_NEAR(mean[2], 0.6, 1e-6);
}

TEST(AttentionMaps, RolloutIsTheProductOfTheLayers) {
    const std::vector<float> first = {0.5f, 0.3f, 0.2f, 0.1f, 0.1f, 0.8f, 0.0f, 0.2f, 0.8f};
    const std::vector<float> second = {0.2f, 0.2f, 0.6f, 1.0f, 0.0f, 0.0f, 0.3f, 0.3f, 0.4f};
    double product[3][3] = {};
    const auto mixed = [](const std::vector<float>& layer, size_t row, size_t column) {
        return 0.5 * (static_cast<double>(layer[row * 3 + column]) + (row == column ? 1.0 : 0.0));
    };
    for (size_t i = 0; i < 3; ++i) {
        for (size_t j = 0; j < 3; ++j) {
            for (size_t k = 0; k < 3; ++k) product[i][j] += mixed(second, i, k) * mixed(first, k, j);
        }
    }
    const std::vector<float> rollout = attention_rollout({first, second}, with_class);
    ASSERT_EQ(rollout.size(), 2U);
    EXPECT_NEAR(rollout[0], product[0][1], 1e-6);
    EXPECT_NEAR(rollout[1], product[0][2], 1e-6);
    const std::vector<float> mean = attention_rollout({first, second}, without_class);
    ASSERT_EQ(mean.size(), 3U);
    for (size_t j = 0; j < 3; ++j) {
        EXPECT_NEAR(mean[j], (product[0][j] + product[1][j] + product[2][j]) / 3.0, 1e-6);
    }
}

TEST(AttentionMaps, ShrinkingKeepsSingleWeights) {
    std::vector<float> matrix(25, 0.0f);
    matrix[1 * 5 + 4] = 0.7f;
    EXPECT_EQ(shrunk_matrix(matrix, 5, 5), matrix);
    EXPECT_EQ(shrunk_side(5, 3), 3);
    std::vector<float> expected(9, 0.0f);
    expected[2] = 0.7f;
    EXPECT_EQ(shrunk_matrix(matrix, 5, 3), expected);
    EXPECT_EQ(shrunk_side(197, 96), 66);
}

struct Pixels {
    int64_t width = 0, height = 0;
    std::vector<uint8_t> rgba;
    const uint8_t* at(size_t pixel) const { return rgba.data() + 4 * pixel; }
};

Pixels decoded(const std::string& url) {
    constexpr std::string_view head = "data:image/png;base64,";
    EXPECT_EQ(url.substr(0, head.size()), head);
    std::vector<uint8_t> bytes;
    uint32_t bits = 0, count = 0;
    for (const char c : url.substr(head.size())) {
        const std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        if (c == '=') break;
        bits = bits << 6 | static_cast<uint32_t>(alphabet.find(c));
        count += 6;
        if (count >= 8) bytes.push_back(static_cast<uint8_t>(bits >> (count -= 8) & 255));
    }
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    EXPECT_TRUE(png_image_begin_read_from_memory(&image, bytes.data(), bytes.size())) << image.message;
    image.format = PNG_FORMAT_RGBA;
    Pixels pixels{image.width, image.height, std::vector<uint8_t>(PNG_IMAGE_SIZE(image))};
    EXPECT_TRUE(png_image_finish_read(&image, nullptr, pixels.rgba.data(), 0, nullptr)) << image.message;
    return pixels;
}

int brightness(const uint8_t* pixel) {
    return pixel[0] + pixel[1] + pixel[2];
}

TEST(ReportHeat, AMapHasOnePixelAValueAndGetsBrighter) {
    const std::vector<float> values = {0.0f, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f};
    const Pixels map = decoded(heat_map(values, 3, 0.5f, HeatStyle::overlay));
    EXPECT_EQ(map.width, 3);
    EXPECT_EQ(map.height, 2);
    for (size_t i = 0; i < values.size(); ++i) {
        EXPECT_EQ(map.at(i)[3], 190);
        if (i > 0) {
            EXPECT_GT(brightness(map.at(i)), brightness(map.at(i - 1))) << i;
        }
    }
    EXPECT_EQ(map.at(5)[0], 252);
    EXPECT_EQ(map.at(5)[1], 255);
}

TEST(ReportHeat, AMatrixLeavesZerosOutAndShowsSmallWeights) {
    const Pixels matrix = decoded(heat_map(std::vector<float>{0.0f, 1.0f, 0.01f, 1e-30f}, 2, 1.0f, HeatStyle::matrix));
    EXPECT_EQ(matrix.at(0)[3], 0);
    for (size_t i = 1; i < 4; ++i) EXPECT_EQ(matrix.at(i)[3], 255) << i;
    EXPECT_GT(brightness(matrix.at(1)), brightness(matrix.at(2)));
    EXPECT_GT(brightness(matrix.at(2)), brightness(matrix.at(3)));
}

TEST(ReportHeat, ZerosEverywhereAndOddValuesAreDrawn) {
    const float nan = std::nanf("");
    EXPECT_EQ(decoded(heat_map(std::vector<float>{0.0f, 0.0f}, 2, 0.0f, HeatStyle::matrix)).at(1)[3], 0);
    EXPECT_EQ(decoded(heat_map(std::vector<float>{nan, 2.0f}, 2, 1.0f, HeatStyle::matrix)).at(1)[1], 255);
}

/// Images of one grey value each, in two classes.
class GreyImages final : public ImageSource {
public:
    int64_t size() const override { return 40; }
    const ImageShape& shape() const override { return shape_; }
    const std::vector<std::string>& class_names() const override { return names_; }
    void read_image(int64_t index, std::span<uint8_t> pixels) const override {
        for (size_t i = 0; i < pixels.size(); ++i)
            pixels[i] = static_cast<uint8_t>(5 * index + static_cast<int64_t>(i));
    }
    int32_t label(int64_t index) const override { return static_cast<int32_t>(index % 2); }

private:
    ImageShape shape_{1, 4, 8};
    std::vector<std::string> names_ = {"even", "odd"};
};

struct Inspection : testing::Test {
    Inspection() {
        const auto source = std::make_shared<GreyImages>();
        data.train = data.test = {source, std::vector<int64_t>(40)};
        std::iota(data.train.indices.begin(), data.train.indices.end(), int64_t{0});
        data.test.indices = data.train.indices;
        data.normalisation = {{0.5}, {0.25}};
    }

    std::unique_ptr<ImageClassifier> make(const char* type, const char* pool = "class") {
        VitOptions options;
        options.dim = 8;
        options.heads = 2;
        options.depth = 3;
        options.mlp_dim = 8;
        options.patch = 2;
        options.pool = pool;
        attention_options = attention_type(type).make_options();
        auto model = make_vit(options, {&attention_type(type), static_cast<AttentionOptions*>(attention_options.get())},
                              {1, 4, 8, 2});
        store.emplace(context, *model, 1);
        return model;
    }

    Context context;
    std::optional<ParameterStore> store;
    std::unique_ptr<Options> attention_options;
    ImageData data;
};

TEST_F(Inspection, EveryAttentionTypeIsShown) {
    for (const AttentionType& type : attention_types()) {
        if (!type.capabilities.noncausal_self || !type.capabilities.weights) continue;
        for (const char* pool : {"class", "mean"}) {
            SCOPED_TRACE(std::string(type.name) + " " + pool);
            auto model = make(type.name, pool);
            const Evaluation test = ImageTask(context, *model, data, 0.0, 8).evaluate(Split::test);
            const AttentionInspection found = inspect_attention(context, *model, data, test);
            EXPECT_EQ(found.left_out, "");
            EXPECT_EQ(found.images, 32);
            ASSERT_EQ(found.entropy.size(), 6U);
            for (const double entropy : found.entropy) {
                EXPECT_GT(entropy, 0.0);
                EXPECT_LE(entropy, std::log(static_cast<double>(model->tokens())) + 1e-6);
            }
            ASSERT_GE(found.shown.size(), 1U);
            ASSERT_LE(found.shown.size(), 6U);
            for (const InspectedImage& image : found.shown) {
                EXPECT_EQ(image.label, static_cast<int32_t>(image.index % 2));
                const bool wrong = std::any_of(test.mistakes.begin(), test.mistakes.end(),
                                               [&](const Mistake& mistake) { return mistake.index == image.index; });
                EXPECT_EQ(image.label != image.prediction, wrong);
                EXPECT_GE(image.probability, 0.5);
                ASSERT_EQ(image.maps.size(), 6U);
                for (const auto& map : image.maps) {
                    const double sum = std::accumulate(map.begin(), map.end(), 0.0);
                    EXPECT_EQ(map.size(), 8U);
                    EXPECT_LE(sum, 1.0 + 1e-5);
                    if (std::string(pool) == "mean") {
                        EXPECT_NEAR(sum, 1.0, 1e-5);
                    }
                }
                EXPECT_EQ(image.rollout.size(), 8U);
            }
            ASSERT_EQ(found.patterns.size(), 6U);
            EXPECT_EQ(found.pattern_side, model->tokens());
            const std::string html = attention_html(found, data);
            EXPECT_TRUE(contains(html, "<h2>Attention</h2>"));
            EXPECT_TRUE(contains(html, "layer 2, head 1"));
            EXPECT_FALSE(contains(html, "nan"));
        }
    }
}

TEST_F(Inspection, ModelsThatAreTooLargeAreLeftOut) {
    AttentionInspection none;
    none.left_out = "The weights of <9> tokens are too many.";
    const std::string html = attention_html(none, data);
    EXPECT_TRUE(contains(html, "The weights of &lt;9&gt; tokens are too many."));
    EXPECT_FALSE(contains(html, "<table"));
}

TEST_F(Inspection, ManyLayersAndHeadsAreSampled) {
    AttentionInspection found;
    found.shape = {.dim = 20, .depth = 30, .heads = 20, .rows = 1, .columns = 2, .class_token = false};
    found.images = 1;
    found.entropy.assign(600, 0.5);
    found.density.assign(600, 0.25);
    found.pattern_side = 2;
    found.patterns.assign(600, {0.5f, 0.0f, 0.0f, 0.5f});
    found.shown.push_back({0, 0, 1, 0.9, std::vector<std::vector<float>>(600, {0.5f, 0.5f}), {0.5f, 0.5f}});
    const std::string html = attention_html(found, data);
    EXPECT_TRUE(contains(html, "Of 30 layers, 12 are shown. Of 20 heads, the first 16 are shown."));
    EXPECT_TRUE(contains(html, "layer 0, head 15"));
    EXPECT_TRUE(contains(html, "layer 29, head 15"));
    EXPECT_FALSE(contains(html, "head 16"));
    EXPECT_TRUE(contains(html, "taken for <i>odd</i>"));
    EXPECT_TRUE(contains(html, "/>25 %</td>"));
    EXPECT_TRUE(contains(html, "72"));  // 0.5 of log 2
}

TEST_F(Inspection, TrainingPicturesAreTheImagesAgain) {
    BatchPlan plan;
    plan.batch = 10;
    const std::vector<TrainingPicture> plain = first_training_pictures(data, {}, plan, 24);
    ASSERT_EQ(plain.size(), 10U);
    std::vector<uint8_t> expected(32);
    for (int64_t i = 0; i < 10; ++i) {
        data.train.source->read_image(i, expected);
        EXPECT_EQ(plain[static_cast<size_t>(i)].planes, expected);
        EXPECT_EQ(plain[static_cast<size_t>(i)].label, i % 2);
        EXPECT_EQ(plain[static_cast<size_t>(i)].partner, -1);
    }
    EXPECT_EQ(first_training_pictures(data, {}, plan, 3).size(), 3U);

    AugmentOptions flip;
    flip.flip = true;
    const std::vector<TrainingPicture> flipped = first_training_pictures(data, flip, plan, 10);
    int64_t changed = 0;
    for (size_t i = 0; i < 10; ++i) {
        if (flipped[i].planes == plain[i].planes) continue;
        ++changed;
        for (size_t row = 0; row < 4; ++row)
            std::reverse_copy(&plain[i].planes[row * 8], &plain[i].planes[row * 8] + 8, &expected[row * 8]);
        EXPECT_EQ(flipped[i].planes, expected);
    }
    EXPECT_GT(changed, 0);

    AugmentOptions mixup;
    mixup.mixup = 1.0;
    const std::vector<TrainingPicture> mixed = first_training_pictures(data, mixup, plan, 10);
    EXPECT_EQ(mixed[0].partner, 1);  // of image 9
    EXPECT_LT(mixed[0].share, 1.0);
    const std::string html = training_images_html(mixed, data);
    EXPECT_TRUE(contains(html, "alt=\"training image: even "));
    EXPECT_TRUE(contains(html, " %, odd "));
}

TEST(TrainingPictures, BytesComeBack) {
    const Normalisation normalisation{{0.1, 0.4, 0.5}, {0.3, 0.2, 0.7}};
    const PixelTable table(normalisation, {3, 1, 1});
    for (int64_t channel = 0; channel < 3; ++channel) {
        for (int byte = 0; byte < 256; ++byte) {
            ASSERT_EQ(displayed_byte(table.channel(channel)[byte], normalisation, channel), byte);
        }
    }
    EXPECT_EQ(displayed_byte(-100.0f, normalisation, 0), 0);
    EXPECT_EQ(displayed_byte(100.0f, normalisation, 0), 255);
}

TEST(ReportMemory, TheBarHasItsShares) {
    const std::string html =
        memory_html({.parameters = 1000, .gradients = 1000, .optimizer = 2000, .peak = 10000, .process_peak = 99000});
    EXPECT_TRUE(contains(html, "of all tensors at the peak, 10 kB; of the process 99 kB"));
    EXPECT_TRUE(contains(html, "<span class=\"optimizer\" style=\"width:20.00%\">"));
    EXPECT_TRUE(contains(html, "activations and the rest 6.0 kB"));
    EXPECT_EQ(memory_html({}), "");
}

}  // namespace
}  // namespace heed::report_attention_test
