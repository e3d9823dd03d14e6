#include "heed/trainers/recipe/recipe.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/trainers/optimizers/adam.h"
#include "heed/trainers/optimizers/sgd.h"
#include "heed/trainers/recipe/reference_page.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed::recipe_test {
namespace {

using test::contains;
using test::message_of;
using test::TemporaryFolder;

struct TopOptions : Options {
    std::string init;
    int64_t threads = 0;
    void describe(Fields& fields) override {
        fields.add("init", init, "weights");
        fields.add("threads", threads, "threads").range(0, 64);
    }
};

struct VitOptions : Options {
    int64_t dim = 64, heads = 4;
    std::vector<double> mean = {0.5};
    void describe(Fields& fields) override {
        fields.add("dim", dim, "width").range(1, 65536);
        fields.add("heads", heads, "heads").range(1, 64);
        fields.add("mean", mean, "means");
    }
    void validate() const override {
        if (dim % heads != 0) throw UserError("model.heads must divide model.dim");
        if (mean.empty()) throw UserError("there is no mean");
    }
};

struct TextOptions : Options {
    int64_t dim = 32, length = 512;
    void describe(Fields& fields) override {
        fields.add("dim", dim, "width");
        fields.add("length", length, "tokens");
    }
};

struct SdpaOptions : Options {
    bool bias = true;
    void describe(Fields& fields) override { fields.add("bias", bias, "add a bias"); }
};

struct SmyrfOptions : SdpaOptions {
    int64_t rounds = 2;
    void describe(Fields& fields) override {
        SdpaOptions::describe(fields);
        fields.add("rounds", rounds, "rounds of hashing").range(1, 16);
    }
};

struct PlaceOptions : Options {
    int64_t window = 0;
    void describe(Fields& fields) override { fields.add("window", window, "tokens"); }
};

RecipeSpec example_spec() {
    return {
        {"", "General.", "", "", {{"", "", new_options<TopOptions>}}},
        {"model",
         "The model.",
         "type",
         "",
         {{"vit", "images", new_options<VitOptions>}, {"text", "texts", new_options<TextOptions>}}},
        {"attention",
         "The attention.",
         "type",
         "sdpa",
         {{"sdpa", "exact", new_options<SdpaOptions>}, {"smyrf", "sparse", new_options<SmyrfOptions>}}},
        {"attention.encoder", "One place.", "", "", {{"", "", new_options<PlaceOptions>}}},
        {"train", "Training.", "", "", {{"", "", new_options<TrainOptions>}}},
        {"optimizer",
         "The optimizer.",
         "type",
         "adamw",
         {{"adamw", "Adam", new_options<AdamWOptions>}, {"sgd", "SGD", new_options<SgdOptions>}}},
    };
}

Recipe parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
    return parse_recipe(example_spec(), text, "r.yaml", overrides);
}

std::string error_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
    return message_of<UserError>([&] { parse(text, overrides); });
}

std::string source_of(const Recipe& recipe, const std::string& key) {
    for (const Setting& setting : recipe.explain()) {
        if (setting.key == key) return setting.value + " from " + setting.source;
    }
    return "no such key";
}

class RecipeFiles : public testing::Test {
protected:
    std::string write(const std::string& name, const std::string& text) {
        const std::string path = folder_ / name;
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }
    Recipe read(const std::string& name, const std::vector<std::string>& overrides = {}) {
        return read_recipe(example_spec(), folder_ / name, overrides);
    }
    std::string read_error(const std::string& name) {
        return message_of<UserError>([&] { read(name); });
    }

    TemporaryFolder folder_;
};

TEST(Recipe, FillsInDefaultsAndKnowsEverySource) {
    const Recipe recipe = parse("model: {type: vit, dim: 128}\ntrain:\n  # how long\n  epochs: 3\n", {"train.seed=7"});
    EXPECT_EQ(recipe.options<VitOptions>("model").dim, 128);
    EXPECT_EQ(recipe.options<TrainOptions>("train").epochs, 3);
    EXPECT_EQ(recipe.options<TrainOptions>("train").seed, 7);
    EXPECT_EQ(recipe.section("attention").choice(), "sdpa");
    EXPECT_EQ(source_of(recipe, "model.type"), "vit from r.yaml:1");
    EXPECT_EQ(source_of(recipe, "model.dim"), "128 from r.yaml:1");
    EXPECT_EQ(source_of(recipe, "model.heads"), "4 from default");
    EXPECT_EQ(source_of(recipe, "train.epochs"), "3 from r.yaml:4");
    EXPECT_EQ(source_of(recipe, "train.seed"), "7 from command line");
    EXPECT_EQ(source_of(recipe, "attention.type"), "sdpa from default");
    EXPECT_TRUE(recipe.notes().empty());
    EXPECT_THROW(recipe.options<TextOptions>("model"), std::logic_error);
    EXPECT_THROW(recipe.section("nothing"), std::logic_error);
}

TEST(Recipe, ReadsEveryKindOfValue) {
    const Recipe recipe = parse(
        "model: {type: vit, mean: [0.1, .5, -1e-3]}\n"
        "init: \"a: b # c\"\n"
        "train: {shuffle: false, clip: 0.5}\n"
        "optimizer: {type: sgd, warmup: 2 epochs, no_decay: [a, 'b, c']}\n",
        {"attention.encoder.window=3"});
    EXPECT_EQ(recipe.options<VitOptions>("model").mean, (std::vector<double>{0.1, 0.5, -1e-3}));
    EXPECT_EQ(recipe.options<TopOptions>("").init, "a: b # c");
    EXPECT_FALSE(recipe.options<TrainOptions>("train").shuffle);
    EXPECT_EQ(recipe.options<SgdOptions>("optimizer").warmup, Span::epochs(2));
    EXPECT_EQ(recipe.options<OptimizerOptions>("optimizer").no_decay, (std::vector<std::string>{"a", "b, c"}));
    EXPECT_EQ(recipe.options<PlaceOptions>("attention.encoder").window, 3);
}

TEST(Recipe, ResolvedRecipeReadsBackToTheSameValues) {
    const Recipe recipe = parse(
        "model: {type: vit, dim: 12, mean: [0.1, 0.333333333333333314829616256247]}\n"
        "attention: {type: smyrf, encoder: {window: 9}}\n"
        "optimizer: {lr: 1e-4, warmup: 33.3%, no_decay: [a, 'b, c', '']}\n",
        {"init= ä \"q\" \\n\t{x}: #true", "train.clip=1e-20"});
    const std::string text = recipe.resolved_yaml();
    const Recipe back = parse(text);
    const auto expected = recipe.explain(), actual = back.explain();
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < actual.size(); i++) {
        EXPECT_EQ(actual[i].key, expected[i].key);
        EXPECT_EQ(actual[i].value, expected[i].value) << actual[i].key;
        EXPECT_TRUE(actual[i].source.starts_with("r.yaml:")) << actual[i].key << " " << actual[i].source;
    }
    EXPECT_EQ(back.resolved_yaml(), text);
    for (const char* tricky :
         {"true", "12", "1e3", "null", "~", "", " ", "-", "a: b", "#x", "'", "0x1", "no", "[1", "é"}) {
        const Recipe tricky_recipe = parse("model: {type: vit}", {std::string("init=") + tricky});
        EXPECT_EQ(parse(tricky_recipe.resolved_yaml()).options<TopOptions>("").init, tricky);
    }
}

TEST(Recipe, ReportsEveryMistakeAtOnce) {
    const std::string text =
        "modle:\n  type: vit\n  dim: 3\n"
        "model: {type: vit, dmi: 64, heads: 65}\n"
        "epochs: 3\n"
        "train: {epochs: ten, learning_rate: 1, lr: 1}\n"
        "optimizer: fast\n";
    const std::string error = error_of(text, {"zzz.y=1", "model.heads=x"});
    EXPECT_EQ(error,
              "r.yaml has 10 mistakes:\n"
              "  r.yaml:1: \"modle\" is not a known key (did you mean model?)\n"
              "  r.yaml:4: \"model.dmi\" is not a known key (did you mean model.dim?)\n"
              "  r.yaml:4: model.heads expects a whole number from 1 to 64, got \"65\"\n"
              "  r.yaml:5: \"epochs\" is not a known key (did you mean train.epochs?)\n"
              "  r.yaml:6: train.epochs expects a whole number from 0 to 1000000000, got \"ten\"\n"
              "  r.yaml:6: \"train.learning_rate\" is not a known key (did you mean optimizer.lr?)\n"
              "  r.yaml:6: \"train.lr\" is not a known key (did you mean optimizer.lr?)\n"
              "  r.yaml:7: optimizer is a group of keys and cannot have the value \"fast\"; the key that takes one is "
              "optimizer.type\n"
              "  command line: \"zzz.y\" is not a known key\n"
              "  command line: model.heads expects a whole number from 1 to 64, got \"x\"");
}

TEST(Recipe, RefusesWrongTypes) {
    const std::string start = "model: {type: vit}\n";
    EXPECT_EQ(error_of("model: {type: vit, dim: 64.5}"),
              "r.yaml:1: model.dim expects a whole number from 1 to 65536, got \"64.5\"");
    for (const char* wrong : {"010", "0x10", "1_000", "1e2", "true", "four", "''", "[1]", "{a: 1}", "-1", "1 2"}) {
        EXPECT_TRUE(contains(error_of("model: {type: vit, dim: " + std::string(wrong) + "}"),
                             "r.yaml:1: model.dim expects a whole number from 1 to 65536, got "))
            << wrong;
    }
    for (const char* wrong : {".nan", ".inf", "-.inf", "nan", "1e999", "fast", "0x1", "01.5"}) {
        EXPECT_TRUE(
            contains(error_of(start + "optimizer: {lr: " + wrong + "}"), "r.yaml:2: optimizer.lr expects a number"))
            << wrong;
    }
    for (const char* wrong : {"yes", "1", "True", "on"}) {
        EXPECT_TRUE(contains(error_of(start + "train: {shuffle: " + wrong + "}"),
                             "r.yaml:2: train.shuffle expects true or false, got"))
            << wrong;
    }
    EXPECT_TRUE(contains(error_of(start + "optimizer: {schedule: cosin}"), "(did you mean cosine?)"));
    EXPECT_TRUE(contains(error_of(start + "optimizer: {no_decay: [[a]]}"),
                         "r.yaml:2: \"optimizer.no_decay\" is a list here, which may hold only"));
    EXPECT_TRUE(contains(error_of(start + "train: 5"), "r.yaml:2: train is a group of keys"));
    EXPECT_TRUE(contains(error_of(start + "train: []"), "r.yaml:2: train is a group of keys"));
    EXPECT_TRUE(contains(error_of(start, {"train=5"}), "command line: train is a group of keys"));
}

TEST(Recipe, ChecksTypesOfSections) {
    EXPECT_EQ(error_of("train: {seed: 2}"), "r.yaml: model.type is missing; choose vit or text");
    EXPECT_EQ(error_of("model: {type: vti, nonsense: 1}"),
              "r.yaml:1: model.type expects vit or text, got \"vti\" (did you mean vit?)");
    EXPECT_TRUE(contains(error_of("model: {type: [vit]}"), "r.yaml:1: model.type expects vit or text, got a list"));
    EXPECT_EQ(error_of("model: {type: vit}\nattention: {rounds: 3}"),
              "r.yaml:2: attention.rounds belongs to attention.type smyrf, not to sdpa");
    EXPECT_EQ(error_of("model: {type: vit}\noptimizer:\n  momentum: 0.9\n"),
              "r.yaml:3: optimizer.momentum belongs to optimizer.type sgd, not to adamw");
}

TEST(Recipe, ANearerTypeSetsTheOthersKeysAside) {
    const std::string text = "model: {type: vit}\nattention: {type: smyrf, rounds: 3, bias: false}";
    const Recipe recipe = parse(text, {"attention.type=sdpa"});
    EXPECT_FALSE(recipe.options<SdpaOptions>("attention").bias);
    ASSERT_EQ(recipe.notes().size(), 1u);
    EXPECT_EQ(recipe.notes()[0],
              "r.yaml:2: attention.rounds belongs to attention.type smyrf and has no effect with sdpa");
    EXPECT_EQ(error_of(text, {"attention.type=sdpa", "attention.rounds=4"}),
              "command line: attention.rounds belongs to attention.type smyrf, not to sdpa");
    const std::string wrong = "model: {type: vit}\nattention: {type: smyrf, rounds: many}";
    EXPECT_TRUE(
        contains(error_of(wrong, {"attention.type=sdpa"}), "r.yaml:2: attention.rounds expects a whole number"));
    EXPECT_EQ(parse("model: {type: vit}\nattention: {rounds: 3}", {"attention.type=smyrf"})
                  .options<SmyrfOptions>("attention")
                  .rounds,
              3);
}

TEST(Recipe, ValidatesAcrossKeysWithThePlace) {
    EXPECT_EQ(error_of("model:\n  type: vit\n  heads: 3\n"), "r.yaml:3: model.heads must divide model.dim");
    EXPECT_EQ(error_of("model: {type: vit,\n  dim: 6}"), "r.yaml:2: model.heads must divide model.dim");
    EXPECT_EQ(error_of("model:\n  type: vit\n  mean: []\n"), "r.yaml: there is no mean");
    EXPECT_EQ(error_of("model: {type: vit}", {"optimizer.min_lr=1"}),
              "command line: optimizer.min_lr (1) must not be above optimizer.lr (0.001)");
    EXPECT_TRUE(contains(error_of("model: {type: vit}\noptimizer:\n  type: sgd\n  nesterov: true\n  momentum: 0\n"),
                         "r.yaml:4: optimizer.nesterov needs optimizer.momentum"));
    const Recipe recipe = parse("model:\n  type: vit\n  dim: 6\n  heads: 2\n");
    EXPECT_EQ(recipe.placed("no heads fit (model.heads, model.dim)"),
              "r.yaml:4: no heads fit (model.heads, model.dim); model.dim is set at r.yaml:3");
    EXPECT_EQ(recipe.placed("supermodel.heads, model.heads.x, model.heads_"),
              "r.yaml: supermodel.heads, model.heads.x, model.heads_");
    EXPECT_EQ(recipe.placed("see model.dim."), "r.yaml:3: see model.dim.");
}

TEST(Recipe, RefusesWhatYamlReadersSwallow) {
    EXPECT_EQ(error_of("model:\n  type: vit\n  dim: 1\n  dim: 2\n"), "r.yaml:4: \"model.dim\" is given twice");
    EXPECT_EQ(error_of("model: {type: vit}\nmodel: {dim: 2}"), "r.yaml:2: \"model\" is given twice");
    EXPECT_EQ(error_of("model: {type: vit}\n---\ntrain: {seed: 1}"),
              "r.yaml:2: a recipe is one document, but a second one starts here (---)");
    EXPECT_TRUE(contains(error_of("x: &a {type: vit}\nmodel:\n  <<: *a\n"), "r.yaml:1: anchors (&name)"));
    EXPECT_TRUE(contains(error_of("model:\n  <<: {type: vit}\n"), "r.yaml:2: merge keys (<<)"));
    EXPECT_TRUE(contains(error_of("model: *a"), "r.yaml:1: "));
    EXPECT_TRUE(contains(error_of("model: {type: vit, dim: !!int 5}"), "r.yaml:1: tags ("));
    EXPECT_TRUE(contains(error_of("model: {type: vit}\ntrain:\n"), "r.yaml:2: train has no value"));
    EXPECT_TRUE(contains(error_of("model: {type: vit, dim: ~}"), "r.yaml:1: model.dim has no value"));
    EXPECT_TRUE(contains(error_of("model: {type: vit, dim: null}"), "r.yaml:1: model.dim has no value"));
    EXPECT_TRUE(contains(error_of("model: {type: vit, mean: [0.5, ~]}"), "r.yaml:1: model.mean has no value"));
    EXPECT_TRUE(contains(error_of("model:\n\ttype: vit\n"), "r.yaml:2: is indented with a tab"));
    EXPECT_TRUE(contains(error_of("%YAML 1.2\n---\nmodel: {type: vit}"), "r.yaml:1: YAML directives"));
    EXPECT_TRUE(contains(error_of("model.type: vit"), "r.yaml:1: \"model.type\" has a dot"));
    EXPECT_TRUE(contains(error_of("? [a]\n: b"), "r.yaml:1: a key has to be a name"));
    EXPECT_TRUE(contains(error_of("? {a: b}\n: c"), "r.yaml:1: a key has to be a name"));
    EXPECT_TRUE(contains(error_of("~: vit"), "r.yaml:1: a key is missing"));
    EXPECT_TRUE(contains(error_of("'': vit"), "r.yaml:1: a key is empty"));
    EXPECT_TRUE(contains(error_of("base: x.yaml\nmodel: {type: vit}"), "r.yaml:1: this recipe may not have a base"));
}

TEST(Recipe, RefusesWhatIsNoRecipe) {
    EXPECT_TRUE(contains(error_of(""), "r.yaml: is empty"));
    EXPECT_TRUE(contains(error_of("# nothing\n\n"), "r.yaml: is empty"));
    EXPECT_TRUE(contains(error_of("{}"), "r.yaml: is empty"));
    EXPECT_TRUE(contains(error_of("vit"), "r.yaml:1: expected keys such as model:"));
    EXPECT_TRUE(contains(error_of("- vit\n- text"), "r.yaml:1: expected keys such as model:"));
    EXPECT_TRUE(contains(error_of("model: {type: vit"), "r.yaml"));
    EXPECT_TRUE(contains(error_of(std::string("\x89PNG\r\n\x1a\n\0\0\0", 11)), "r.yaml:1: is not plain text in UTF-8"));
    EXPECT_TRUE(contains(error_of("model: {type: vit}\n# \xff"), "r.yaml:2: is not plain text in UTF-8"));
    EXPECT_TRUE(contains(error_of(std::string("m\0o\0d\0", 6)), "r.yaml:1: is not plain text in UTF-8"));
    for (const char* open : {"[", "{a: ", "- ", "? "}) {
        std::string deep = "model: ";
        if (open[0] == '-' || open[0] == '?') deep = "model:\n  ";
        for (int i = 0; i < 100'000; i++) deep += open;
        EXPECT_TRUE(contains(error_of(deep), "r.yaml:")) << open;
    }
}

TEST(Recipe, KnowsTheWordsOfOtherTrainersAndLettersThatLookAlike) {
    const std::string text = "model: {type: vit}\n";
    EXPECT_EQ(error_of(text + "learning_rate: 1"),
              "r.yaml:2: \"learning_rate\" is not a known key (did you mean optimizer.lr?)");
    EXPECT_EQ(error_of(text + "train: {batch-size: 1}"),
              "r.yaml:2: \"train.batch-size\" is not a known key (did you mean data.batch or data.tokens?)");
    EXPECT_EQ(
        error_of(text, {"train.gradient_accumulation_steps=2"}),
        "command line: \"train.gradient_accumulation_steps\" is not a known key (did you mean train.accumulate?)");
    EXPECT_EQ(error_of(text + "trainer: {num_epochs: 3}"),
              "r.yaml:2: \"trainer\" is not a known key (did you mean train?)");
    EXPECT_EQ(error_of(text + "оptimizer: {lr: 1}"),
              "r.yaml:2: \"оptimizer\", whose \"о\" is U+043E, is not a known key (did you mean optimizer?)");
    EXPECT_EQ(
        error_of(text + "optimizer: {type: аdam}"),
        "r.yaml:2: optimizer.type expects adamw or sgd, got \"аdam\", whose \"а\" is U+0430 (did you mean adamw?)");
    EXPECT_TRUE(
        contains(error_of(text + "train: {clip: 1e−3}"), "got \"1e−3\", whose \"−\" is U+2212 (did you mean 1e-3?)"));
    EXPECT_TRUE(contains(error_of(text + "train: {clip: '0,5'}"), "got \"0,5\" (did you mean 0.5?)"));
    EXPECT_TRUE(contains(error_of(text + "train: {shuffle: Yes}"), "got \"Yes\" (did you mean true?)"));
    EXPECT_TRUE(contains(error_of(text + "train: {epochs: １}"), "(did you mean 1?)"));
    EXPECT_TRUE(contains(error_of(text + "train: {epochs: many}"), "got \"many\""));
    EXPECT_FALSE(contains(error_of(text + "train: {epochs: many}"), "did you mean"));
    EXPECT_EQ(
        error_of(text + "train:\n  epochs:1"),
        "r.yaml:2: train is a group of keys and cannot have the value \"epochs:1\"; expected a space after epochs:, "
        "got \"epochs:1\"");
}

TEST(Recipe, RefusesMalformedOverrides) {
    const std::string text = "model: {type: vit}";
    EXPECT_EQ(error_of(text, {"epochs"}), "command line: expected key=value (such as train.epochs=5), got \"epochs\"");
    EXPECT_TRUE(contains(error_of(text, {"=5"}), "command line: expected key=value"));
    EXPECT_TRUE(contains(error_of(text, {".=5"}), "command line: \".\" is not a known key"));
    EXPECT_TRUE(contains(error_of(text, {"model.=5"}), "command line: \"model.\" is not a known key"));
    EXPECT_TRUE(
        contains(error_of(text, {"train.seed=1", "train.seed=2"}), "command line: \"train.seed\" is given twice"));
    EXPECT_TRUE(contains(error_of(text, {"base=x"}), "command line: base can be given only in a recipe file"));
    EXPECT_TRUE(contains(error_of(text, {"init=\xff"}), "is not plain text in UTF-8"));
    EXPECT_TRUE(contains(error_of(text, {"train.epochs="}), "train.epochs expects a whole number"));
    EXPECT_EQ(parse(text, {"init=a=b"}).options<TopOptions>("").init, "a=b");
    EXPECT_EQ(parse(text, {"model.mean=[0.1, 0.2]"}).options<VitOptions>("model").mean,
              (std::vector<double>{0.1, 0.2}));
}

TEST_F(RecipeFiles, BasesApplyNearestLastRelativeToTheFile) {
    write("base/far.yaml", "model: {type: vit, dim: 8, heads: 1}\ntrain: {seed: 1, epochs: 1}\n");
    write("base/near.yaml", "base: far.yaml\nmodel: {dim: 16}\ntrain: {seed: 2}\n");
    write("base/other.yaml", "train: {seed: 3}\n");
    write("r.yaml", "base: [base/near.yaml, base/other.yaml]\nmodel: {heads: 2}\n");
    const Recipe recipe = read("r.yaml", {"train.epochs=4"});
    EXPECT_EQ(source_of(recipe, "model.dim"), "16 from " + (folder_ / "base/near.yaml") + ":2");
    EXPECT_EQ(source_of(recipe, "model.heads"), "2 from " + (folder_ / "r.yaml") + ":2");
    EXPECT_EQ(source_of(recipe, "train.seed"), "3 from " + (folder_ / "base/other.yaml") + ":1");
    EXPECT_EQ(source_of(recipe, "train.epochs"), "4 from command line");
    EXPECT_EQ(recipe.path(), folder_ / "r.yaml");
    EXPECT_FALSE(contains(recipe.resolved_yaml(), "base"));
}

TEST_F(RecipeFiles, RefusesWrongBases) {
    write("self.yaml", "base: ./self.yaml\n");
    EXPECT_TRUE(contains(read_error("self.yaml"), "self.yaml:1: the recipe "));
    EXPECT_TRUE(contains(read_error("self.yaml"), "is based on itself"));
    write("a.yaml", "# a\nbase: sub/b.yaml\n");
    write("sub/b.yaml", "base: ../a.yaml\n");
    EXPECT_TRUE(contains(read_error("a.yaml"), "sub/b.yaml:1: the recipe "));
    write("missing.yaml", "model: {type: vit}\nbase: slef.yaml\n");
    EXPECT_TRUE(contains(read_error("missing.yaml"), "missing.yaml:2: cannot read the recipe "));
    EXPECT_TRUE(contains(read_error("missing.yaml"), "self.yaml?)"));
    write("map.yaml", "base: {a: b}\n");
    EXPECT_TRUE(contains(read_error("map.yaml"), "map.yaml:1: base expects"));
    write("list.yaml", "base: []\n");
    EXPECT_TRUE(contains(read_error("list.yaml"), "list.yaml:1: base expects"));
    write("wrong.yaml", "base: wrong_base.yaml\nmodel: {type: vit}\n");
    write("wrong_base.yaml", "train: {sed: 1}\n");
    EXPECT_TRUE(contains(read_error("wrong.yaml"), "wrong_base.yaml:1: \"train.sed\" is not a known key"));
    write("wide0.yaml", "model: {type: vit}\n");
    for (int i = 1; i <= 30; i++) {
        const std::string last = "wide" + std::to_string(i - 1) + ".yaml";
        write("wide" + std::to_string(i) + ".yaml", "base: [" + last + ", " + last + "]\n");
    }
    EXPECT_TRUE(contains(read_error("wide30.yaml"), "based on too many files"));
}

TEST_F(RecipeFiles, AFaultInABaseIsPlacedThere) {
    write("far.yaml", "model: {type: vit, heads: 2}\ntrain:\n  epochs: 2: 3\n");
    write("near.yaml", "base: far.yaml\nmodel: {dim: 15}\n");
    write("r.yaml", "base: near.yaml\nthreads: 1\n");
    EXPECT_TRUE(read_error("r.yaml").starts_with((folder_ / "far.yaml") + ":3: train.epochs: expected one value"));
    write("far.yaml", "model: {type: vit, heads: 2}\n");
    EXPECT_EQ(read_error("r.yaml"), (folder_ / "far.yaml") +
                                        ":1: model.heads must divide model.dim; model.dim is set at " +
                                        (folder_ / "near.yaml") + ":2");
}

TEST_F(RecipeFiles, RefusesWhatCannotBeRead) {
    write("vit.yaml", "model: {type: vit}\n");
    EXPECT_TRUE(contains(read_error("vti.yaml"), "there is no such file (did you mean "));
    EXPECT_TRUE(contains(read_error("nothing/x.yaml"), "there is no such file"));
    EXPECT_TRUE(contains(read_error(""), "it is a folder"));
    EXPECT_TRUE(contains(message_of<UserError>([] { read_recipe(example_spec(), "", {}); }), "there is no such file"));
    EXPECT_TRUE(contains(message_of<UserError>([] { read_recipe(example_spec(), "/dev/zero", {}); }),
                         "it is not a regular file"));
    write("huge.yaml", "model: {type: vit}\n#" + std::string(1 << 20, 'x'));
    EXPECT_TRUE(contains(read_error("huge.yaml"), "more than 1 MiB"));
    write("empty.yaml", "");
    EXPECT_TRUE(contains(read_error("empty.yaml"), "is empty"));
    write("only_base.yaml", "base: vit.yaml");
    EXPECT_EQ(read("only_base.yaml").options<VitOptions>("model").dim, 64);
}

TEST(Recipe, EveryPrefixAndEveryChangedByteOfARecipeEndsWell) {
    const std::string text =
        "# c\nmodel: {type: vit, dim: 64, mean: [0.5, 1e-3]}\nattention:\n  type: smyrf\n  encoder: {window: 3}\n"
        "init: \"a\\tb\"\noptimizer: {warmup: 5%, no_decay: ['x', y]}\ntrain:\n  epochs: 3\n";
    size_t good = 0, bad = 0;
    const auto attempt = [&](const std::string& changed) {
        try {
            parse(changed);
            good++;
        } catch (const UserError& error) {
            ASSERT_FALSE(std::string(error.what()).empty());
            bad++;
        }
    };
    for (size_t i = 0; i < text.size(); i++) {
        attempt(text.substr(0, i));
        for (char c :
             {'\0', '\t', '\n', ' ', '{', '}', '[', ']', ':', '-', '?', '&', '*', '!', '%', '"', '\'', '|', '\xff'}) {
            std::string changed = text;
            changed[i] = c;
            attempt(changed);
            attempt(text.substr(0, i) + c + text.substr(i));
        }
    }
    EXPECT_GT(good, 100u);
    EXPECT_GT(bad, 1000u);
}

TEST(ReferencePage, ShowsEveryKeyOnce) {
    const std::string page = reference_page(example_spec());
    EXPECT_TRUE(contains(page, "| `train.epochs` | int, epochs | `10` | 0 to 1000000000 | "));
    EXPECT_TRUE(contains(page, "| `optimizer.schedule` | text | `cosine` | `constant`, `linear`, `cosine`, "));
    EXPECT_TRUE(contains(page, "### `attention.type: smyrf`"));
    EXPECT_TRUE(contains(page, "`model.type` chooses what the other keys of the section are (it has to be given)"));
    EXPECT_TRUE(contains(page, "| `attention.encoder.window` |"));
    EXPECT_TRUE(contains(page, "| `threads` |"));
}

}  // namespace
}  // namespace heed::recipe_test
