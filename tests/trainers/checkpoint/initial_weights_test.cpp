#include "heed/trainers/checkpoint/initial_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "heed/core/error.h"
#include "heed/core/files/safetensors.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/trainers/checkpoint/checkpoint.h"
#include "heed/trainers/checkpoint/fitting_weights.h"
#include "heed/trainers/images/image_facts.h"
#include "heed/trainers/images/image_model.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/run/checks/resume_check.h"

namespace heed::initial_weights_test {
namespace {

using test::begins_with;
using test::contains;
using test::message_of;

constexpr const char* recipe_text =
    "model: {type: vit, dim: 8, depth: 2, heads: 2, mlp_dim: 8, patch: 4}\n"
    "data: {name: idx, root: data, classes: 3}\n";

/// A small model of images of 8 x 8.
struct Model {
    explicit Model(uint64_t seed, const std::vector<std::string>& overrides = {},
                   std::vector<std::string> classes = {"shoe", "coat", "hat"}, int64_t side = 8)
        : recipe(parse_recipe(recipe_spec(), recipe_text, "test.yaml", overrides)) {
        facts.name = "idx";
        facts.class_names = std::move(classes);
        facts.shape = ImageShape{1, side, side};
        facts.normalisation = {{0.25}, {0.5}};
        model = make_image_model(recipe, facts.geometry());
        store = std::make_unique<ParameterStore>(context, *model, seed);
    }

    void write(const std::string& path) const {
        CheckpointFacts all;
        all.recipe = portable_recipe(recipe);
        all.data = std::make_shared<ImageDataFacts>(facts);
        all.versions = numeric_versions();
        write_checkpoint(path, *store, nullptr, all);
    }

    std::vector<std::string> load() { return load_initial_weights(recipe, *store, *model, facts).lines; }

    std::vector<float> values(const std::string& name) const {
        for (Parameter* parameter : store->parameters()) {
            for (const ParameterPart& part : parameter->parts()) {
                if (part.name == name) return parameter->part_value(part).to_vector();
            }
        }
        ADD_FAILURE() << "there is no " << name;
        return {};
    }

    Recipe recipe;
    ImageDataFacts facts;
    Context context;
    std::unique_ptr<ImageClassifier> model;
    std::unique_ptr<ParameterStore> store;
};

struct InitialWeights : testing::Test {
    test::TemporaryFolder folder;
    std::string path = folder / "start.safetensors";
    std::string init = "init=" + path;
    const std::string query = "encoder.layers.0.attention.query.weight";

    std::string error_of(Model&& model) const {
        return message_of<UserError>([&] { model.load(); });
    }
};

TEST_F(InitialWeights, MustBeExactlyTheModelsUnlessAskedOtherwise) {
    const Model from(1);
    from.write(path);
    Model to(2, {init});
    EXPECT_EQ(to.load(), std::vector<std::string>{"starting from the weights in " + path});
    EXPECT_EQ(to.values(query), from.values(query));
    EXPECT_TRUE(contains(error_of(Model(2, {init, "model.depth=3"})), "it lacks encoder.layers.2."));
    EXPECT_TRUE(contains(error_of(Model(2, {init}, {"shoe", "hat", "coat"})),
                         "was trained for other classes (shoe, coat and hat) than the data have (shoe, hat and coat)"));
    // Data whose classes are not known yet are compared later.
    Model unknown(2, {init}, {"", "", ""});
    unknown.load();
}

TEST_F(InitialWeights, AnErrorSaysWhereTheFileWasNamed) {
    EXPECT_TRUE(begins_with(error_of(Model(2, {"init=nowhere.safetensors"})), "command line: init: "));
    const Recipe recipe =
        parse_recipe(recipe_spec(), std::string("init: nowhere.safetensors\n") + recipe_text, "test.yaml", {});
    EXPECT_TRUE(begins_with(message_of<UserError>([&] { check_initial_weights(recipe); }), "test.yaml:1: init: "));
}

TEST_F(InitialWeights, TakeWhatFitsAndSayWhatDoesNot) {
    const Model from(1, {"model.depth=3", "model.pool=mean"});
    from.write(path);
    Model to(2, {init, "init_strict=false"}, {"a", "b", "c"});
    const std::vector<float> head = to.values("head.weight"), token = to.values("class_token");
    const std::vector<std::string> lines = to.load();
    EXPECT_EQ(to.values(query), from.values(query));
    EXPECT_EQ(to.values("encoder.norm.weight"), from.values("encoder.norm.weight"));
    EXPECT_EQ(to.values("head.weight"), head);
    EXPECT_EQ(to.values("class_token"), token);
    ASSERT_EQ(lines.size(), 5U);
    EXPECT_TRUE(begins_with(lines[1], "init_strict is off: ")) << lines[1];
    EXPECT_EQ(lines[2], "made to fit: positions.weight from 2 x 2 to 2 x 2 patches");
    EXPECT_EQ(lines[3], "new, with their first values: class_token, head.weight and head.bias");
    EXPECT_TRUE(begins_with(lines[4], "dropped: ")) << lines[4];
    EXPECT_TRUE(contains(lines[4], "encoder.layers.2."));
    // The places of the patches are those of the file, that of the class token is new.
    const std::vector<float> places = to.values("positions.weight"), before = from.values("positions.weight");
    EXPECT_TRUE(std::equal(before.begin(), before.end(), places.begin() + 8));
}

TEST_F(InitialWeights, PositionsFollowTheGridOfPatches) {
    const Model from(1);
    from.write(path);
    Model to(2, {init, "init_strict=false"}, {"shoe", "coat", "hat"}, 16);
    EXPECT_TRUE(contains(to.load()[2], "positions.weight from 2 x 2 to 4 x 4 patches"));
    EXPECT_EQ(to.values("head.weight"), from.values("head.weight"));
    const std::vector<float> before = from.values("positions.weight"), after = to.values("positions.weight");
    ASSERT_EQ(after.size(), 17U * 8);
    for (size_t i = 0; i < 8; ++i) {
        EXPECT_EQ(after[i], before[i]);          // the class token
        EXPECT_EQ(after[8 + i], before[8 + i]);  // the corners
        EXPECT_EQ(after[16 * 8 + i], before[4 * 8 + i]);
        // Row 0, column 1: a quarter of the way from the first centre to the second.
        const float left = before[8 + i], right = before[2 * 8 + i];
        EXPECT_NEAR(after[2 * 8 + i], 0.75F * left + 0.25F * right, 2e-7 * (std::abs(left) + std::abs(right)));
    }
    EXPECT_TRUE(contains(error_of(Model(2, {init}, {"shoe", "coat", "hat"}, 16)), "it has other shapes: positions"));
}

TEST(InterpolatedPositions, KeepARampAndAnEqualGrid) {
    const PatchGrid from{3, 4, false}, to{6, 8, true};
    std::vector<float> ramp;
    for (int64_t row = 0; row < 3; ++row) {
        for (int64_t column = 0; column < 4; ++column) ramp.push_back(static_cast<float>(10 * row + column));
    }
    const std::vector<float> now(static_cast<size_t>(to.tokens()), -1.0F);
    const std::vector<float> result = interpolated_positions(ramp, from, to, now);
    EXPECT_EQ(result[0], -1);
    for (int64_t row = 1; row < 5; ++row) {
        for (int64_t column = 1; column < 7; ++column) {
            const double want =
                10 * ((static_cast<double>(row) + 0.5) / 2 - 0.5) + ((static_cast<double>(column) + 0.5) / 2 - 0.5);
            EXPECT_NEAR(result[static_cast<size_t>(1 + row * 8 + column)], want, 1e-5) << row << " " << column;
        }
    }
    EXPECT_EQ(interpolated_positions(ramp, from, from, std::vector<float>(12)), ramp);
}

/// Weights that another program has written, in half precision.
TEST_F(InitialWeights, OfOtherProgramsMayHaveOtherTypes) {
    const Model from(1);
    from.write(path);
    const SafetensorsFile file(path);
    std::vector<TensorToStore> tensors;
    std::vector<std::vector<uint16_t>> brain(file.tensors().size());
    for (size_t t = 0; t < brain.size(); ++t) {
        const StoredTensor& stored = file.tensors()[t];
        for (size_t i = 0; i < stored.bytes.size() / 4; ++i) {
            uint32_t bits;
            std::memcpy(&bits, stored.bytes.data() + 4 * i, sizeof bits);
            brain[t].push_back(static_cast<uint16_t>(bits >> 16));
        }
        tensors.push_back({stored.name, DType::bf16, stored.shape, brain[t].data()});
    }
    const std::string other = folder / "other.safetensors";
    write_safetensors(other, tensors);
    Model to(2, {"init=" + other});
    to.load();
    const std::vector<float> rounded = to.values(query), whole = from.values(query);
    for (size_t i = 0; i < whole.size(); ++i) EXPECT_NEAR(rounded[i], whole[i], 0x1p-7 * std::abs(whole[i]));
    // The same tensors that call themselves a checkpoint of Heed, which never holds such.
    write_safetensors(other, tensors, file.metadata());
    EXPECT_TRUE(contains(error_of(Model(2, {"init=" + other})), "bf16[8, 8] for f32[8, 8]"));
}

TEST_F(InitialWeights, RefuseAFileWithoutAnythingOfUse) {
    const float one = 1;
    write_safetensors(path, {{"x", DType::f32, {1}, &one}});
    EXPECT_TRUE(contains(error_of(Model(2, {init, "init_strict=false"})), "has nothing that fits the model"));
    EXPECT_TRUE(contains(message_of<UserError>([] { Model(2, {"init_strict=false"}); }),
                         "init_strict: false needs weights to start from"));
}

}  // namespace
}  // namespace heed::initial_weights_test
