#include "heed/trainers/checkpoint/checkpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <limits>
#include <regex>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/images/image_facts.h"
#include "heed/trainers/images/image_model.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/run/checks/resume_check.h"
#include "heed/trainers/run/trained_model.h"
#include "heed/trainers/texts/text_facts.h"

namespace heed::checkpoint_test {
namespace {

using test::begins_with;
using test::contains;
using test::message_of;

constexpr const char* recipe_text =
    "model: {type: vit, dim: 8, depth: 1, heads: 2, mlp_dim: 8, patch: 4}\n"
    "data: {name: idx, root: /secret/place, classes: 3}\n"
    "run: {dir: /other/place}\n";

ImageDataFacts data_facts() {
    ImageDataFacts facts;
    facts.name = "idx";
    facts.class_names = {"shoe", "coat \"x\"", "h\xc3\xa4t"};
    facts.shape = ImageShape{1, 8, 8};
    facts.normalisation = {{0.25}, {1.0 / 3.0}};
    return facts;
}

/// A small model and its optimizer, with values that depend on the seed.
struct Model {
    explicit Model(uint64_t seed, const std::vector<std::string>& overrides = {})
        : recipe(parse_recipe(recipe_spec(), recipe_text, "test.yaml", overrides)),
          context("cpu"),
          model(make_image_model(recipe, data_facts().geometry())),
          store(context, *model, seed),
          optimizer(recipe.options<OptimizerOptions>("optimizer").make_optimizer(store)) {}

    /// Gives every optimizer state values of its own.
    void take_steps(int64_t count) {
        for (int64_t step = 1; step <= count; step++) {
            store.begin_step();
            for (Parameter* parameter : store.parameters()) {
                std::vector<float> gradient = parameter->value().to_vector();
                for (float& value : gradient) value = 0.5f - value;
                parameter->gradient_slot().add(Tensor::from_host(context, parameter->shape(), gradient));
            }
            store.finish_gradients();
            optimizer->step(step, 0.01, 1.0);
        }
    }

    CheckpointFacts facts() const {
        CheckpointFacts facts;
        facts.recipe = portable_recipe(recipe);
        facts.data = std::make_shared<ImageDataFacts>(data_facts());
        facts.progress.step = 77;
        facts.progress.position = {3, 5};
        facts.progress.best_score = 0.1 + 0.2;
        facts.progress.best_step = 60;
        facts.versions = numeric_versions();
        return facts;
    }

    void write(const std::string& path) { write_checkpoint(path, store, &optimizer->states(), facts()); }

    std::vector<std::vector<float>> weights() const {
        std::vector<std::vector<float>> all;
        for (const ParameterGroup& group : store.groups()) all.push_back(group.values.to_vector());
        return all;
    }
    std::vector<std::vector<float>> moments() {
        std::vector<std::vector<float>> all;
        for (const OptimizerState& state : optimizer->states()) {
            for (const Tensor& buffer : state.buffers) {
                if (buffer.defined()) all.push_back(buffer.to_vector());
            }
        }
        return all;
    }

    Recipe recipe;
    Context context;
    std::unique_ptr<ImageClassifier> model;
    ParameterStore store;
    std::unique_ptr<Optimizer> optimizer;
};

struct Checkpoint : testing::Test {
    test::TemporaryFolder folder;
    std::string path = folder / "model.safetensors";

    std::string load_error(Model& model) const {
        return message_of<UserError>([&] { load_weights(SafetensorsFile(path), model.store); });
    }
};

TEST_F(Checkpoint, ReadsBackWhatWasWritten) {
    for (const char* type : {"optimizer.type=adamw", "optimizer.type=sgd"}) {
        Model written(1, {type});
        written.take_steps(3);
        written.write(path);
        Model read(2, {type});
        ASSERT_NE(read.weights(), written.weights());
        ASSERT_NE(read.moments(), written.moments());
        const SafetensorsFile file(path);
        load_weights(file, read.store);
        load_optimizer(file, read.store, *read.optimizer);
        EXPECT_EQ(read.weights(), written.weights());
        EXPECT_EQ(read.moments(), written.moments());

        const CheckpointFacts facts = read_checkpoint_facts(file);
        EXPECT_EQ(facts.recipe, written.facts().recipe);
        EXPECT_EQ(facts.versions, numeric_versions());
        const auto& data = facts_as<ImageDataFacts>(*facts.data);
        EXPECT_EQ(data.name, "idx");
        EXPECT_EQ(data.shape, data_facts().shape);
        EXPECT_EQ(data.class_names, data_facts().class_names);
        EXPECT_EQ(data.normalisation.mean, std::vector<double>{0.25});
        EXPECT_EQ(data.normalisation.deviation, std::vector<double>{1.0 / 3.0});
        EXPECT_EQ(facts.progress.step, 77);
        EXPECT_EQ(facts.progress.position.epoch, 3);
        EXPECT_EQ(facts.progress.position.batch, 5);
        EXPECT_EQ(facts.progress.best_score, 0.1 + 0.2);
        EXPECT_EQ(facts.progress.best_step, 60);
    }
}

TEST_F(Checkpoint, ANegativeMeanOfSquaresIsRefused) {
    for (const auto& [type, state] :
         {std::pair("adamw", "second_moment"), {"adam", "second_moment"}, {"rmsprop", "mean_square"}}) {
        Model written(1, {std::string("optimizer.type=") + type});
        written.take_steps(3);
        for (OptimizerState& each : written.optimizer->states()) {
            if (each.name != state) continue;
            std::vector<float> values = each.buffers[0].to_vector();
            values.front() = -1e-6f;
            each.buffers[0].copy_from_host(values.data());
        }
        written.write(path);
        Model read(2, {std::string("optimizer.type=") + type});
        const SafetensorsFile file(path);
        const std::string error = message_of<UserError>([&] { load_optimizer(file, read.store, *read.optimizer); });
        EXPECT_TRUE(begins_with(error, path + " cannot be used: optimizer." + state + "."));
        EXPECT_TRUE(contains(error, ", a mean of squares, has negative numbers"));
    }
}

TEST_F(Checkpoint, EqualStatesGiveEqualFiles) {
    Model a(1), b(1);
    a.take_steps(2);
    b.take_steps(2);
    a.write(path);
    b.write(folder / "other name.safetensors");
    const std::string bytes = test::read_text(path);
    EXPECT_EQ(test::read_text(folder / "other name.safetensors"), bytes);
    char host[256] = "";
    ASSERT_EQ(gethostname(host, sizeof host - 1), 0);
    for (const std::string& word : {folder.path(), std::string("/secret/place"), std::string("/other/place"),
                                    std::filesystem::current_path().string(), '"' + std::string(host)}) {
        EXPECT_EQ(bytes.find(word), std::string::npos) << word;
    }
}

TEST_F(Checkpoint, TensorsHaveTheirOwnNames) {
    Model model(1);
    model.write(path);
    const SafetensorsFile file(path);
    for (const char* name : {"encoder.layers.0.attention.query.weight", "optimizer.first_moment.head.weight",
                             "optimizer.second_moment.head.weight"}) {
        EXPECT_NE(file.find(name), nullptr) << name;
    }
    EXPECT_EQ(file.at("head.weight").shape, (std::vector<int64_t>{3, 8}));
}

TEST_F(Checkpoint, WithoutAnOptimizerItHoldsWeightsAlone) {
    Model model(1), read(2);
    write_checkpoint(path, model.store, nullptr, model.facts());
    const SafetensorsFile file(path);
    for (const StoredTensor& tensor : file.tensors()) EXPECT_FALSE(tensor.name.starts_with("optimizer."));
    load_weights(file, read.store);
    EXPECT_EQ(read.weights(), model.weights());
    EXPECT_TRUE(contains(message_of<UserError>([&] { load_optimizer(file, read.store, *read.optimizer); }),
                         "does not fit the optimizer: it lacks optimizer.first_moment."));
}

TEST_F(Checkpoint, AStateThatIsNotFiniteIsRefused) {
    Model written(1), read(2);
    written.take_steps(1);
    Tensor buffer = written.optimizer->states()[1].buffers[0];
    std::vector<float> values = buffer.to_vector();
    values[1] = std::numeric_limits<float>::infinity();
    buffer.copy_from_host(values.data());
    written.write(path);
    const SafetensorsFile file(path);
    EXPECT_TRUE(contains(message_of<UserError>([&] { load_optimizer(file, read.store, *read.optimizer); }),
                         "cannot be used: optimizer.second_moment."));
}

TEST_F(Checkpoint, FactsThatAreLargerThanTheFileMakeNoModel) {
    Model written(1);
    CheckpointFacts facts = written.facts();
    facts.recipe = std::regex_replace(facts.recipe, std::regex(" dim: 8\n"), " dim: 1024\n");
    write_checkpoint(path, written.store, nullptr, facts);
    Context context("cpu");
    const std::string error = message_of<UserError>([&] { TrainedModel::load(context, path, {}); });
    EXPECT_TRUE(contains(error, "does not fit the model that its facts describe: it lacks a tensor ")) << error;
    facts = written.facts();
    facts.recipe = std::regex_replace(facts.recipe, std::regex(" mlp_dim: [0-9]+\n"), " mlp_dim: 1024\n");
    write_checkpoint(path, written.store, nullptr, facts);
    const std::string layer = message_of<UserError>([&] { TrainedModel::load(context, path, {}); });
    EXPECT_TRUE(contains(layer, "it lacks a tensor encoder.layers.0.mlp.")) << "by its whole name: " << layer;
}

TEST_F(Checkpoint, ClassNamesAreThoseThatDataCanHave) {
    Model model(1);
    for (const std::string& name : {std::string(), std::string("a\nb"), std::string("\x1b[2J"), std::string("shoe")}) {
        CheckpointFacts facts = model.facts();
        ImageDataFacts changed = facts_as<ImageDataFacts>(*facts.data);
        changed.class_names[2] = name;
        facts.data = std::make_shared<ImageDataFacts>(changed);
        write_checkpoint(path, model.store, nullptr, facts);
        const std::string error = message_of<UserError>([&] { read_checkpoint_facts(SafetensorsFile(path)); });
        EXPECT_TRUE(contains(error, "has damaged checkpoint facts: the class name "));
        EXPECT_TRUE(contains(error, name == "shoe" ? " comes twice" : " is not plain text"));
    }
}

TEST_F(Checkpoint, OtherModelsAreRefusedWithTheirTensors) {
    Model written(1);
    written.write(path);
    const auto refusal_of = [&](const std::string& override) {
        Model other(2, {override});
        const auto before = other.weights();
        const std::string error = load_error(other);
        EXPECT_TRUE(begins_with(error, path + " does not fit the model: it "));
        EXPECT_EQ(other.weights(), before) << "nothing is loaded in part";
        return error;
    };
    const std::string wider = refusal_of("model.mlp_dim=16");
    EXPECT_TRUE(contains(wider, "it has other shapes: encoder.layers.0.mlp."));
    EXPECT_TRUE(contains(wider, "f32[8, 8] for f32[16, 8]"));
    EXPECT_FALSE(contains(wider, "lacks"));
    const std::string deeper = refusal_of("model.depth=2");
    EXPECT_TRUE(contains(deeper, "it lacks encoder.layers.1."));
    EXPECT_TRUE(std::regex_search(deeper, std::regex("and [0-9]+ more$")));
    const std::string flat = refusal_of("model.depth=0");
    EXPECT_TRUE(contains(flat, "it has besides encoder.layers.0."));
    EXPECT_FALSE(contains(flat, "optimizer.")) << "those are not the model's";
}

TEST_F(Checkpoint, OtherOptimizersAreRefused) {
    Model adamw(1, {"optimizer.type=adamw"}), sgd(1, {"optimizer.type=sgd"});
    adamw.write(path);
    const SafetensorsFile of_adamw(path);
    EXPECT_FALSE(begins_with(message_of<UserError>([&] { load_optimizer(of_adamw, sgd.store, *sgd.optimizer); }), "("));
    sgd.write(folder / "sgd.safetensors");
    const SafetensorsFile of_sgd(folder / "sgd.safetensors");
    EXPECT_FALSE(
        begins_with(message_of<UserError>([&] { load_optimizer(of_sgd, adamw.store, *adamw.optimizer); }), "("));
}

TEST_F(Checkpoint, OtherFilesAreNoCheckpoints) {
    const float number = 1;
    write_safetensors(path, {{"x", DType::f32, {1}, &number}});
    const auto error = [&] { return message_of<UserError>([&] { read_checkpoint_facts(SafetensorsFile(path)); }); };
    EXPECT_TRUE(contains(error(), "holds tensors but is no checkpoint of Heed"));
    write_safetensors(path, {{"x", DType::f32, {1}, &number}}, {{"heed.format", "2"}, {"heed.facts", "{}"}});
    EXPECT_TRUE(contains(error(), "has checkpoint format 2, this version reads 1"));
    for (const char* facts : {"", "{", "[]", "{}", "null", R"({"recipe": 3})"}) {
        write_safetensors(path, {{"x", DType::f32, {1}, &number}}, {{"heed.format", "1"}, {"heed.facts", facts}});
        EXPECT_TRUE(contains(error(), "has damaged checkpoint facts")) << facts;
    }
}

TEST_F(Checkpoint, ImpossibleFactsAreRefused) {
    Model model(1);
    const auto error_with = [&](const auto& damage) {
        CheckpointFacts facts = model.facts();
        damage(facts);
        write_checkpoint(path, model.store, nullptr, facts);
        return message_of<UserError>([&] { read_checkpoint_facts(SafetensorsFile(path)); });
    };
    EXPECT_EQ(error_with([](CheckpointFacts&) {}), "(nothing thrown)");
    const std::string damaged = path + " has damaged checkpoint facts";
    EXPECT_TRUE(begins_with(error_with([](CheckpointFacts& f) { f.progress.step = -1; }), damaged));
    EXPECT_TRUE(begins_with(error_with([](CheckpointFacts& f) { f.progress.step = int64_t{1} << 50; }), damaged));
    EXPECT_TRUE(begins_with(error_with([](CheckpointFacts& f) { f.progress.position.epoch = -1; }), damaged));
    EXPECT_TRUE(begins_with(error_with([](CheckpointFacts& f) { f.progress.position.batch = -5; }), damaged));
    EXPECT_TRUE(begins_with(error_with([](CheckpointFacts& f) { f.progress.best_step = 78; }), damaged));
    const auto error_with_data = [&](const auto& damage) {
        return error_with([&](CheckpointFacts& facts) {
            ImageDataFacts data = data_facts();
            damage(data);
            facts.data = std::make_shared<ImageDataFacts>(data);
        });
    };
    EXPECT_EQ(error_with_data([](ImageDataFacts&) {}), "(nothing thrown)");
    EXPECT_TRUE(begins_with(error_with_data([](ImageDataFacts& f) { f.shape.height = 0; }), damaged));
    EXPECT_TRUE(begins_with(error_with_data([](ImageDataFacts& f) { f.shape.channels = int64_t{1} << 62; }), damaged));
    EXPECT_TRUE(begins_with(error_with_data([](ImageDataFacts& f) { f.normalisation.mean.clear(); }), damaged));
    EXPECT_TRUE(begins_with(error_with_data([](ImageDataFacts& f) { f.normalisation.mean = {0, 0}; }), damaged));
    EXPECT_TRUE(begins_with(error_with_data([](ImageDataFacts& f) { f.normalisation.deviation = {0}; }), damaged));
}

TEST(DataFactsJson, TheFirstCheckpointsAreRead) {
    const std::unique_ptr<DataFacts> facts = read_facts(
        R"({"name": "mnist", "class_names": ["0", "1"], "shape": [1, 28, 28], "mean": [0.5], "deviation": [0.5]})");
    EXPECT_EQ(facts_as<ImageDataFacts>(*facts).shape, (ImageShape{1, 28, 28}));
    EXPECT_EQ(facts->class_names.size(), 2U);
    EXPECT_TRUE(
        contains(message_of<Error>([&] { facts_as<TextDataFacts>(*facts); }), "mnist, which holds no labelled texts"));
    EXPECT_TRUE(contains(message_of<UserError>([] { read_facts(R"({"name": "x", "class_names": ["a"]})"); }), "kind"));
}

/// Whatever a byte of the header becomes: the model loads or a UserError says what is wrong.
TEST_F(Checkpoint, AnyFlippedByteOfTheHeaderIsHandled) {
    Model(1).write(path);
    const std::string whole = test::read_text(path);
    const size_t header = whole.find("\"optimizer.");  // the tensors' names are varied enough up to here
    ASSERT_NE(header, std::string::npos);
    size_t refused = 0, loaded = 0;
    for (size_t at = 0; at < header; at += 7 + at % 5) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 7));
        test::write_text(path, damaged);
        Context context("cpu");
        try {
            TrainedModel::load(context, path, {});
            loaded++;
        } catch (const UserError& error) {
            EXPECT_TRUE(contains(error.what(), path));
            refused++;
        }
    }
    EXPECT_GT(refused, loaded);
}

}  // namespace
}  // namespace heed::checkpoint_test
