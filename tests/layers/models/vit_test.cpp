#include "heed/layers/models/vit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/forward_observer.h"
#include "heed/core/module/parameter_store.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/layers/models/image_models.h"
#include "heed/layers/models/text_models.h"
#include "heed/layers/models/translation_models.h"
#include "heed/layers/patch_embedding.h"
#include "heed/layers/positions.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"

namespace heed::vit_test {
namespace {

using test::contains;
using test::message_of;

VitOptions small_options() {
    VitOptions options;
    options.dim = 12;
    options.depth = 2;
    options.heads = 3;
    options.mlp_dim = 20;
    return options;
}

constexpr ImageGeometry small_images{2, 8, 12, 5};

std::unique_ptr<ImageClassifier> make(const VitOptions& options, const ImageGeometry& images,
                                      const AttentionOptions& attention = {}, const char* type = "sdpa") {
    return make_vit(options, {&attention_type(type), &attention}, images);
}

Tensor formula_images(Context& context, int64_t batch, const ImageGeometry& images) {
    const Shape shape{batch, images.channels, images.height, images.width};
    return Tensor::from_host(context, shape, test::numbers(shape.elements(), 3));
}

/// Every combination of the settings that change how the parts are put together.
std::vector<VitOptions> all_forms() {
    std::vector<VitOptions> forms;
    for (const char* norm : {"pre", "post"}) {
        for (const char* pool : {"class", "mean"}) {
            for (const char* positions : {"learned", "sinusoidal", "none"}) {
                VitOptions options = small_options();
                options.norm = norm;
                options.pool = pool;
                options.positions = positions;
                forms.push_back(options);
            }
        }
    }
    for (const char* distillation : {"token", "head"}) {
        forms.push_back(small_options());
        forms.back().distillation = distillation;
    }
    return forms;
}

TEST(Vit, EveryFormGivesLogitsOfAllClassesAlikeOnBothDevices) {
    for (const VitOptions& options : all_forms()) {
        SCOPED_TRACE(options.norm + " " + options.pool + " " + options.positions);
        std::vector<float> logits[2];
        for (int device = 0; device < 2; ++device) {
            Context context(device == 0 ? "cpu" : "reference");
            auto model = make(options, small_images);
            ParameterStore store(context, *model, 7);
            EXPECT_EQ(model->tokens(), 6 + (options.pool == "class") + (options.distillation != "none"));
            const Variable result = model->forward(formula_images(context, 3, small_images), {});
            EXPECT_EQ(result.shape(), (Shape{3, 5}));
            logits[device] = result.value().to_vector();
            context.tape().clear();
        }
        for (size_t i = 0; i < logits[0].size(); ++i) {
            ASSERT_TRUE(std::isfinite(logits[0][i]));
            EXPECT_NEAR(logits[0][i], logits[1][i], 1e-5);
        }
    }
}

TEST(Vit, WithoutPositionsTheOrderOfThePatchesDoesNotMatter) {
    // Two rows of patches are exchanged. With mean pooling nothing but the positions can tell.
    for (const bool positions : {false, true}) {
        Context context;
        VitOptions options = small_options();
        options.pool = "mean";
        options.positions = positions ? "sinusoidal" : "none";
        auto model = make(options, small_images);
        ParameterStore store(context, *model, 7);
        Tensor images = formula_images(context, 1, small_images);
        std::vector<float> pixels = images.to_vector();
        for (int64_t channel = 0; channel < 2; ++channel) {
            auto half = pixels.begin() + channel * 96;
            std::swap_ranges(half, half + 48, half + 48);
        }
        const std::vector<float> before = model->forward(images, {}).value().to_vector();
        images.copy_from_host(pixels.data());
        const std::vector<float> after = model->forward(images, {}).value().to_vector();
        context.tape().clear();
        double difference = 0;
        for (size_t i = 0; i < before.size(); ++i) {
            difference = std::max(difference, std::abs(static_cast<double>(before[i]) - after[i]));
        }
        EXPECT_EQ(difference > 1e-6, positions) << difference;
    }
}

struct ReferenceSize {
    const char* name;
    ImageGeometry images;
    int64_t dim, heads, depth, mlp_dim, patch;
    int64_t tokens, parameters, multiplies;
};

// The numbers of parameters are those that PyTorch counts for the same models.
constexpr ReferenceSize reference_sizes[] = {
    {"mnist", {1, 28, 28, 10}, 128, 4, 4, 256, 4, 50, 540170, 28876032},
    {"cifar", {3, 32, 32, 10}, 256, 8, 6, 512, 4, 65, 3195146, 218240512},
    {"tiny16", {3, 224, 224, 1000}, 192, 3, 12, 768, 16, 197, 5717416, 1253683200},
};

TEST(Vit, ReferenceSizesHaveTheirParametersAndMultiplications) {
    for (const ReferenceSize& size : reference_sizes) {
        SCOPED_TRACE(size.name);
        VitOptions options;
        options.dim = size.dim;
        options.heads = size.heads;
        options.depth = size.depth;
        options.mlp_dim = size.mlp_dim;
        options.patch = size.patch;
        auto model = make(options, size.images);
        EXPECT_EQ(model->tokens(), size.tokens);
        EXPECT_EQ(model->parameter_count(), size.parameters);
        EXPECT_EQ(model->multiplies(), size.multiplies);
        auto optimised = make(options, size.images, {}, "optimised");
        EXPECT_EQ(optimised->parameter_count(), size.parameters - size.depth * (size.dim * size.dim + size.dim));
        EXPECT_EQ(optimised->multiplies(), size.multiplies - size.depth * size.tokens * size.dim * size.dim);
    }
}

TEST(Vit, WeightDecayIsForMatricesAlone) {
    Context context;
    auto model = make(small_options(), small_images);
    ParameterStore store(context, *model, 1);
    for (const ParameterGroup& group : store.groups()) {
        for (const Parameter* parameter : group.parameters) {
            const std::string& name = parameter->parts().front().name;
            const bool matrix = parameter->shape().rank() == 2 && name != "positions.weight";
            EXPECT_EQ(group.decay, matrix) << name;
        }
    }
}

TEST(Vit, DropoutActsInTrainingOnly) {
    Context context;
    VitOptions options = small_options();
    options.dropout = 0.3;
    auto model = make(options, small_images);
    ParameterStore store(context, *model, 7);
    const Tensor images = formula_images(context, 2, small_images);
    const auto logits = [&](bool training, uint32_t step) {
        ForwardState state;
        state.training = training;
        state.step = step;
        std::vector<float> values = model->forward(images, state).value().to_vector();
        context.tape().clear();
        return values;
    };
    EXPECT_EQ(logits(false, 0), logits(false, 1));
    EXPECT_EQ(logits(true, 0), logits(true, 0));
    EXPECT_NE(logits(true, 0), logits(true, 1));
    EXPECT_NE(logits(true, 0), logits(false, 0));
}

struct Pass {
    std::vector<float> logits, gradients;
};

/// Logits of the images and the gradients of their sum, as micro-batches of `batch` images.
Pass training_pass(const VitOptions& options, int64_t images, int64_t batch) {
    Context context;
    auto model = make(options, small_images);
    ParameterStore store(context, *model, 7);
    const std::vector<float> pixels = formula_images(context, images, small_images).to_vector();
    const Shape shape{batch, small_images.channels, small_images.height, small_images.width};
    Pass pass;
    store.begin_step();
    for (int64_t first = 0; first < images; first += batch) {
        ForwardState state;
        state.training = true;
        state.step = 4;
        state.first_sample = static_cast<uint32_t>(first);
        const auto own = std::span(pixels).subspan(static_cast<size_t>(first * shape.elements() / batch),
                                                   static_cast<size_t>(shape.elements()));
        Variable logits = model->forward(Tensor::from_host(context, shape, own), state);
        const std::vector<float> values = logits.value().to_vector();
        pass.logits.insert(pass.logits.end(), values.begin(), values.end());
        Tensor targets = Tensor::from_host(
            context, {batch}, std::span<const int32_t>(std::vector<int32_t>(static_cast<size_t>(batch), 1)));
        context.tape().backward(cross_entropy(logits, targets, 0.0f).loss);
        context.tape().clear();
    }
    store.finish_gradients();
    for (const ParameterGroup& group : store.groups()) {
        if (!group.trainable) continue;
        const std::vector<float> values = group.gradients.to_vector();
        pass.gradients.insert(pass.gradients.end(), values.begin(), values.end());
    }
    return pass;
}

TEST(Vit, DropPathDependsOnTheSampleAndNotOnTheMicroBatch) {
    for (const char* norm : {"pre", "post"}) {
        VitOptions options = small_options();
        options.norm = norm;
        const Pass plain = training_pass(options, 8, 8);
        options.drop_path = 0.5;
        const Pass whole = training_pass(options, 8, 8);
        EXPECT_NE(whole.logits, plain.logits);
        for (const int64_t batch : {4, 2, 1}) {
            const Pass parts = training_pass(options, 8, batch);
            test::expect_near_by_scale(parts.logits, whole.logits, 2e-6);
            test::expect_near_by_scale(parts.gradients, whole.gradients, 2e-6);
        }
    }
}

TEST(Vit, DropPathRisesWithTheDepthAndActsInTrainingOnly) {
    Context context;
    VitOptions options = small_options();
    options.depth = 3;
    options.drop_path = 0.8;
    auto model = make(options, small_images);
    ParameterStore store(context, *model, 7);
    NoGradient guard(context);
    constexpr int64_t samples = 400;
    const Tensor images = formula_images(context, samples, small_images);
    struct Keeper final : ForwardObserver {
        void hidden(int64_t, const Tensor& tokens) override { hiddens.push_back(tokens.to_vector()); }
        bool wants_attention(AttentionPlace) const override { return false; }
        void attention(AttentionPlace, int64_t, const Tensor&) override {}
        std::vector<std::vector<float>> hiddens;
    };
    const auto run = [&](bool training, uint32_t step) {
        Keeper keeper;
        ForwardState state;
        state.training = training;
        state.step = step;
        state.observer = &keeper;
        model->forward(images, state);
        return keeper.hiddens;
    };
    /// Share of the samples that a block leaves as they are: those without both branches.
    const auto unchanged = [&](const std::vector<std::vector<float>>& hiddens, size_t block) {
        const size_t size = hiddens[0].size() / samples;
        int64_t count = 0;
        for (size_t sample = 0; sample < samples; ++sample) {
            const auto before = hiddens[block].begin() + static_cast<std::ptrdiff_t>(sample * size);
            const auto after = hiddens[block + 1].begin() + static_cast<std::ptrdiff_t>(sample * size);
            count += std::equal(before, before + static_cast<std::ptrdiff_t>(size), after) ? 1 : 0;
        }
        return static_cast<double>(count) / samples;
    };
    const auto hiddens = run(true, 0);
    ASSERT_EQ(hiddens.size(), 4U);
    EXPECT_EQ(unchanged(hiddens, 0), 0.0);
    EXPECT_NEAR(unchanged(hiddens, 1), 0.4 * 0.4, 0.08);
    EXPECT_NEAR(unchanged(hiddens, 2), 0.8 * 0.8, 0.1);
    EXPECT_EQ(run(true, 0), hiddens);
    EXPECT_NE(run(true, 1), hiddens);
    const auto evaluated = run(false, 0);
    EXPECT_EQ(run(false, 1), evaluated);
    for (size_t block = 0; block < 3; ++block) EXPECT_EQ(unchanged(evaluated, block), 0.0);
}

/// Keeps what it sees.
struct Witness final : ForwardObserver {
    void hidden(int64_t block, const Tensor& tokens) override {
        EXPECT_EQ(block, static_cast<int64_t>(hiddens.size()));
        EXPECT_EQ(tokens.shape(), (Shape{2, 7, 12}));
        hiddens.push_back(tokens.to_vector());
    }
    bool wants_attention(AttentionPlace) const override { return wants; }
    void attention(AttentionPlace place, int64_t block, const Tensor& weights) override {
        EXPECT_EQ(place, AttentionPlace::encoder);
        EXPECT_EQ(block, static_cast<int64_t>(attentions.size()));
        EXPECT_EQ(weights.shape(), (Shape{2, 3, 7, 7}));
        attentions.push_back(weights.to_vector());
    }

    bool wants = true;
    std::vector<std::vector<float>> hiddens, attentions;
};

TEST(Vit, AnObserverSeesEveryBlockAndChangesNothing) {
    for (const char* norm : {"pre", "post"}) {
        Context context;
        VitOptions options = small_options();
        options.norm = norm;
        auto model = make(options, small_images);
        ParameterStore store(context, *model, 7);
        NoGradient guard(context);
        const Tensor images = formula_images(context, 2, small_images);
        Witness witness;
        ForwardState state;
        state.observer = &witness;
        const std::vector<float> watched = model->forward(images, state).value().to_vector();
        EXPECT_EQ(watched, model->forward(images, {}).value().to_vector());
        ASSERT_EQ(witness.hiddens.size(), 3U);
        EXPECT_NE(witness.hiddens[0], witness.hiddens[1]);
        EXPECT_NE(witness.hiddens[1], witness.hiddens[2]);
        ASSERT_EQ(witness.attentions.size(), 2U);
        EXPECT_NE(witness.attentions[0], witness.attentions[1]);
        for (const std::vector<float>& weights : witness.attentions) {
            for (size_t row = 0; row < weights.size(); row += 7) {
                double sum = 0;
                for (size_t key = 0; key < 7; ++key) sum += weights[row + key];
                ASSERT_NEAR(sum, 1.0, 1e-5);
            }
        }
        Witness without;
        without.wants = false;
        state.observer = &without;
        model->forward(images, state);
        EXPECT_EQ(without.hiddens, witness.hiddens);
        EXPECT_TRUE(without.attentions.empty());
    }
}

/// With post-norm the last hidden state is what the head pools: mean and matrix product by hand give the logits.
TEST(Vit, TheLastHiddenStateLeadsToTheLogits) {
    Context context;
    VitOptions options = small_options();
    options.norm = "post";
    auto model = make(options, small_images);
    ParameterStore store(context, *model, 7);
    NoGradient guard(context);
    Witness witness;
    ForwardState state;
    state.observer = &witness;
    const std::vector<float> logits =
        model->forward(formula_images(context, 2, small_images), state).value().to_vector();
    std::vector<float> weight, bias;
    for (const Parameter* parameter : store.parameters()) {
        if (parameter->parts().front().name == "head.weight") weight = parameter->value().to_vector();
        if (parameter->parts().front().name == "head.bias") bias = parameter->value().to_vector();
    }
    ASSERT_EQ(weight.size(), 60U);
    for (size_t sample = 0; sample < 2; ++sample) {
        for (size_t label = 0; label < 5; ++label) {
            double sum = bias[label];
            for (size_t i = 0; i < 12; ++i) {
                sum += static_cast<double>(witness.hiddens[2][sample * 84 + i]) * weight[label * 12 + i];
            }
            EXPECT_NEAR(logits[sample * 5 + label], sum, 1e-5);
        }
    }
}

TEST(Vit, SettingsThatDoNotFitAreRefused) {
    VitOptions options = small_options();
    options.patch = 5;
    std::string message = message_of<UserError>([&] { make(options, {1, 28, 28, 10}); });
    EXPECT_TRUE(contains(message, "patch of 5"));
    EXPECT_TRUE(contains(message, "28 x 28"));
    options.patch = 4;
    message = message_of<UserError>([&] { make(options, {1, 28, 30, 10}); });
    EXPECT_TRUE(contains(message, "28 x 30"));
    options.heads = 5;
    message = message_of<UserError>([&] { make(options, {1, 28, 28, 10}); });
    EXPECT_TRUE(contains(message, "model.heads"));
    EXPECT_TRUE(contains(message, "5 heads for dimension 12"));
}

/// Every type is found by its name, makes a model with its default settings, and no two have one name.
template <class Types, class Attention, class Geometry>
void expect_registry(const Types& types, const Attention& attention, const Geometry& geometry) {
    ASSERT_FALSE(types.empty());
    for (const auto& type : types) {
        EXPECT_EQ(&find_model_type(types, type.name), &type);
        EXPECT_NE(type.make(*type.make_options(), attention, geometry), nullptr) << type.name;
    }
}

TEST(Models, AreFoundByNameAndMade) {
    const AttentionOptions options;
    const AttentionChoice sdpa{&attention_type("sdpa"), &options};
    expect_registry(image_model_types(), sdpa, small_images);
    expect_registry(text_model_types(), sdpa, TextGeometry{10, 8, 2});
    expect_registry(translation_model_types(), TranslatorAttention{sdpa, sdpa, sdpa},
                    TranslationGeometry{10, 10, 8, 8});
    const std::string message = message_of<UserError>([] { find_model_type(image_model_types(), "vitt"); });
    EXPECT_TRUE(contains(message, "\"vitt\" (did you mean vit?)")) << message;
}

class PatchEmbeddings : public testing::TestWithParam<const char*> {};

/// Compares with a convolution of stride `patch`, filters of size patch + 2 * overlap and padding `overlap`.
void expect_convolution(const char* device, int64_t overlap) {
    constexpr int64_t batch = 2, channels = 3, height = 8, width = 12, patch = 4, dim = 5;
    const int64_t window = patch + 2 * overlap;
    Context context(device);
    PatchEmbedding layer(channels, patch, overlap, dim);
    ParameterStore store(context, layer, 1);
    std::map<std::string, std::vector<float>> parameters;
    for (Parameter* parameter : store.parameters()) {
        const std::string& name = parameter->parts().front().name;
        Tensor value = parameter->value();
        parameters[name] = test::numbers(value.elements(), static_cast<uint32_t>(name.size()));
        value.copy_from_host(parameters[name].data());
    }
    const std::vector<float>& filters = parameters.at("projection.weight");
    const std::vector<float>& bias = parameters.at("projection.bias");
    const Tensor images = formula_images(context, batch, {channels, height, width, 1});
    const std::vector<float> pixels = images.to_vector();
    const Variable result = layer.forward(Variable(images));
    ASSERT_EQ(result.shape(), (Shape{batch, 6, dim}));
    const std::vector<float> got = result.value().to_vector();
    size_t place = 0;
    for (int64_t b = 0; b < batch; ++b) {
        for (int64_t y = 0; y < height; y += patch) {
            for (int64_t x = 0; x < width; x += patch) {
                for (int64_t d = 0; d < dim; ++d) {
                    double sum = bias[d];
                    for (int64_t c = 0; c < channels; ++c) {
                        for (int64_t i = 0; i < window; ++i) {
                            for (int64_t j = 0; j < window; ++j) {
                                const int64_t row = y + i - overlap, column = x + j - overlap;
                                if (row < 0 || row >= height || column < 0 || column >= width) continue;
                                sum += static_cast<double>(filters[((d * channels + c) * window + i) * window + j]) *
                                       pixels[((b * channels + c) * height + row) * width + column];
                            }
                        }
                    }
                    ASSERT_NEAR(got[place++], sum, 1e-5);
                }
            }
        }
    }
    context.tape().clear();
}

TEST_P(PatchEmbeddings, AreConvolutions) {
    expect_convolution(GetParam(), 0);
}

TEST_P(PatchEmbeddings, WithOverlapAreConvolutionsWithLargerFilters) {
    expect_convolution(GetParam(), 1);
    expect_convolution(GetParam(), 3);
}

INSTANTIATE_TEST_SUITE_P(Devices, PatchEmbeddings, testing::Values("cpu", "reference"));

TEST(Positions, SinesAndCosinesOfFallingFrequency) {
    const std::vector<float> table = sinusoidal_positions(3, 4);
    const double slow = 2.0 / 100.0;
    const double wanted[] = {0,
                             1,
                             0,
                             1,
                             std::sin(1),
                             std::cos(1),
                             std::sin(slow / 2),
                             std::cos(slow / 2),
                             std::sin(2),
                             std::cos(2),
                             std::sin(slow),
                             std::cos(slow)};
    for (size_t i = 0; i < 12; ++i) EXPECT_NEAR(table[i], wanted[i], 1e-7) << i;
    EXPECT_EQ(sinusoidal_positions(2, 3).size(), 6U);
}

TEST(Positions, SinesMayStandBeforeAllCosines) {
    const std::vector<float> halves = halved_sinusoidal_positions(3, 4);
    const double wanted[] = {0, 0, 1, 1, std::sin(1), std::sin(0.01), std::cos(1), std::cos(0.01)};
    for (size_t i = 0; i < 8; ++i) EXPECT_NEAR(halves[i], wanted[i], 1e-7) << i;
    const std::vector<float> odd = halved_sinusoidal_positions(2, 3);
    const double slow = std::pow(10000.0, -2.0 / 3);
    const double odd_wanted[] = {std::sin(1), std::sin(slow), std::cos(1)};
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(odd[3 + i], odd_wanted[i], 1e-7) << i;
}

}  // namespace
}  // namespace heed::vit_test
