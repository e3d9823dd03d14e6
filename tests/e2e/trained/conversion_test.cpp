#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "heed/core/files/safetensors.h"
#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::conversion_test {
namespace {

class Conversion : public testing::Test {
protected:
    static void SetUpTestSuite() {
        tiny_ = new TinyTraining;
        ASSERT_EQ(tiny_->train("plain", {"model.heads=2"}).code, 0);
    }
    static void TearDownTestSuite() { delete tiny_; }

    static const TinyTraining& tiny() { return *tiny_; }

    static ProgramResult convert(const std::string& from, const std::string& type, const std::string& to,
                                 std::vector<std::string> more = {}) {
        more.insert(more.begin(), {"convert", from, "attention.type=" + type, "--to", to});
        return tiny().run(more);
    }
    static double validation_loss(const std::string& target) {
        const ProgramResult result =
            tiny().run({"eval", target, "data.root=" + (tiny().folder / "data"), "--split", "validation", "--json"});
        EXPECT_EQ(result.code, 0) << result.errors;
        return nlohmann::json::parse(result.output).at("loss").get<double>();
    }
    static std::string bytes(const std::string& file, const std::string& tensor) {
        const SafetensorsFile open(tiny().folder / file);
        const auto view = open.at(tensor).bytes;
        return {reinterpret_cast<const char*>(view.data()), view.size()};
    }

    static TinyTraining* tiny_;
};

TinyTraining* Conversion::tiny_ = nullptr;

TEST_F(Conversion, EveryTypeIsReachedAndWhatIsPrintedIsWhatEvalFinds) {
    for (const std::string type : {"optimised", "efficient", "super", "smyrf"}) {
        const ProgramResult result = convert("plain", type, type + ".safetensors", {"--json"});
        ASSERT_EQ(result.code, 0) << type << ": " << result.errors;
        const nlohmann::json json = nlohmann::json::parse(result.output);
        EXPECT_EQ(json.at("layers").size(), 2U) << type;
        EXPECT_EQ(json.at("samples"), 90) << "each training image once";
        for (const auto& layer : json.at("layers")) EXPECT_GT(layer.at("outputs_r2").get<double>(), 0.3) << type;
        EXPECT_NEAR(json.at("after").at("loss").get<double>(), validation_loss(type + ".safetensors"), 1e-6) << type;
        EXPECT_NEAR(json.at("before").at("loss").get<double>(), validation_loss("plain"), 1e-6) << type;
    }
    EXPECT_TRUE(contains(tiny().run({"info", "efficient.safetensors"}).output, "efficient"));
}

TEST_F(Conversion, WhatStartsFreshIsToldOf) {
    for (const std::string type : {"local", "abc", "none"}) {
        const ProgramResult result = convert("plain", type, type + ".safetensors");
        ASSERT_EQ(result.code, 0) << type << ": " << result.errors;
        EXPECT_FALSE(contains(result.output, "same weights")) << result.output;
        EXPECT_EQ(contains(result.output, "fresh: key_slots.weight, value_slots.weight"), type == "abc");
        EXPECT_EQ(contains(result.output, "nothing kept: a fresh layer"), type == "none") << result.output;
        EXPECT_GT(validation_loss(type + ".safetensors"), 0.0) << type;
    }
    const ProgramResult back = convert("abc.safetensors", "sdpa", "back.safetensors", {"--json", "data.root=data"});
    ASSERT_EQ(back.code, 0) << back.errors;
    for (const auto& layer : nlohmann::json::parse(back.output).at("layers")) {
        EXPECT_TRUE(layer.at("kept"));
        EXPECT_FALSE(layer.contains("fresh"));
        EXPECT_GT(layer.at("outputs_r2").get<double>(), 0.3);
    }
}

TEST_F(Conversion, WhatIsExactStaysAsItWas) {
    ASSERT_EQ(tiny().train("narrow", {"attention.type=efficient"}).code, 0);
    const double before = validation_loss("narrow");
    for (const std::string type : {"sdpa", "optimised", "super"}) {
        const ProgramResult result =
            convert("narrow", type, "wide-" + type + ".safetensors", {"convert.calibration=0"});
        ASSERT_EQ(result.code, 0) << result.errors;
        EXPECT_TRUE(contains(result.output, "same weights")) << result.output;
        EXPECT_TRUE(contains(result.output, "attention efficient is replaced by " + type + ", with the same weights"))
            << result.output;
        EXPECT_NEAR(validation_loss("wide-" + type + ".safetensors"), before, 1e-5 * before) << type;
    }
}

TEST_F(Conversion, AFineTuningTellsWhatTheSwapCost) {
    const ProgramResult result = tiny().run({"finetune", "plain", "attention.type=efficient", "convert.align=5",
                                             "run.dir=tuned", "train.epochs=2", "--only", "attention"});
    ASSERT_EQ(result.code, 0) << result.errors;
    const std::string log = tiny().file("tuned/log.txt");
    EXPECT_TRUE(contains(log, "attention sdpa is replaced by efficient, fitted on"));
    EXPECT_TRUE(contains(log, "before the swap, "));
    EXPECT_EQ(tiny().values("tuned", "swap", "loss_before").size(), 1U);
    EXPECT_EQ(tiny().values("tuned", "swap_layer", "aligned_r2").size(), 2U);
    EXPECT_NEAR(tiny().values("tuned", "swap", "loss_before").front(), validation_loss("plain"), 1e-6);
    EXPECT_TRUE(contains(tiny().file("tuned/report.html"), "<h2>Attention swap</h2>"));
    EXPECT_TRUE(contains(tiny().file("tuned/report.html"), "<td>encoder.<wbr>layers.<wbr>0.<wbr>attention</td>"))
        << "a narrow screen breaks names and shows all columns";
    for (const char* name : {"head.weight", "encoder.layers.0.mlp.fc1.weight"}) {
        EXPECT_EQ(bytes("tuned/checkpoints/last.safetensors", name), bytes("plain/checkpoints/best.safetensors", name));
    }
    ASSERT_EQ(convert("plain", "efficient", "fitted.safetensors").code, 0);
    const std::string query = "encoder.layers.0.attention.query.weight";
    EXPECT_NE(bytes("tuned/checkpoints/last.safetensors", query), bytes("fitted.safetensors", query));
    // A quarter of the epochs unless told otherwise; a training that goes on knows where it began.
    ASSERT_EQ(tiny().run({"finetune", "plain", "attention.layers.1=super", "run.dir=short"}).code, 0);
    EXPECT_EQ(tiny().losses("short").size(), 9U);
    EXPECT_EQ(tiny().values("short", "swap_layer", "outputs_r2").size(), 1U);
    EXPECT_EQ(tiny().run({"train", "short", "train.epochs=2", "--resume"}).code, 0);
    EXPECT_EQ(tiny().losses("short").size(), 18U);
}

TEST_F(Conversion, ATeacherThatIsTheStudentHasNothingToTeach) {
    const std::vector<std::string> settings = {"model.heads=2", "model.dropout=0", "init=plain", "train.steps=1",
                                               "optimizer.schedule=constant"};
    const auto train = [&](const std::string& dir, const std::string& weight) {
        std::vector<std::string> all = settings;
        all.push_back("distill.weight=" + weight);
        ASSERT_EQ(tiny().train(dir, all).code, 0);
    };
    train("same", "1");
    EXPECT_LT(tiny().values("same", "step", "gradient_norm").front(), 1e-4);
    EXPECT_TRUE(contains(tiny().file("same/log.txt"), "following the answers of"));
    train("half", "0.5");
    train("labels", "0");
    EXPECT_NEAR(tiny().losses("half").front(), 0.5 * tiny().losses("labels").front(), 1e-5);
}

TEST_F(Conversion, AnAlignmentThatMakesALayerWorseIsNotKept) {
    const ProgramResult fitted = convert("plain", "efficient", "fit.safetensors", {"--json"});
    const ProgramResult wild =
        convert("plain", "efficient", "wild.safetensors", {"convert.align=20", "convert.align_lr=100", "--json"});
    ASSERT_EQ(wild.code, 0) << wild.errors;
    EXPECT_EQ(nlohmann::json::parse(wild.output).at("after").at("loss"),
              nlohmann::json::parse(fitted.output).at("after").at("loss"));
    const ProgramResult unused = tiny().train(
        "unused", {"distill.epochs=1", "train.steps=1", "train.test=false", "optimizer.schedule=constant"});
    EXPECT_TRUE(contains(unused.errors, "note: distill.epochs has no effect while distill.weight is 0"));
}

TEST_F(Conversion, AlignmentAimsAtTheStreamOfTheOldModel) {
    ASSERT_EQ(tiny().train("streams", {"attention.type=efficient"}).code, 0);
    const auto r2 = [](const std::vector<std::string>& types) {
        std::vector<std::string> arguments = {
            "convert", "streams", "--to", "streams.safetensors", "convert.align=1", "convert.align_lr=0", "--json"};
        arguments.insert(arguments.end(), types.begin(), types.end());
        const ProgramResult result = tiny().run(arguments);
        EXPECT_EQ(result.code, 0) << result.errors;
        std::vector<double> both;
        const nlohmann::json json = nlohmann::json::parse(result.output);
        for (const auto& layer : json.at("layers")) {
            both.push_back(layer.at("stream_r2").get<double>());
            both.push_back(layer.at("outputs_r2").get<double>());
        }
        return both;
    };
    // Two models that give the same: the streams of each batch are the same.
    const std::vector<double> same = r2({"attention.type=sdpa"});
    ASSERT_EQ(same.size(), 4U);
    EXPECT_GT(same[0], 1.0 - 1e-6);
    EXPECT_GT(same[2], 1.0 - 1e-6);
    // The second layer does what it did on each input; what the first has lost is missing behind it all the same.
    const std::vector<double> lost =
        r2({"attention.layers.0.type=smyrf", "attention.layers.0.cluster=4", "attention.layers.1=sdpa"});
    ASSERT_EQ(lost.size(), 4U);
    EXPECT_LT(lost[1], 0.999);
    EXPECT_GT(lost[3], 1.0 - 1e-6);
    EXPECT_LT(lost[2], 0.999);
}

TEST_F(Conversion, ATeacherIsFollowedForAWhileAndATrainingGoesOnExactly) {
    const std::vector<std::string> whole = {"model.heads=2",    "distill.teacher=plain",       "distill.weight=0.7",
                                            "distill.epochs=1", "optimizer.schedule=constant", "optimizer.warmup=1"};
    ASSERT_EQ(tiny().train("followed", whole).code, 0);
    std::vector<std::string> part = whole;
    part.emplace_back("train.steps=5");
    ASSERT_EQ(tiny().train("parts", part).code, 0);
    const ProgramResult result = tiny().run({"train", "parts", "train.epochs=2", "--resume"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_EQ(tiny().losses("parts"), tiny().losses("followed"));
    EXPECT_TRUE(contains(tiny().file("parts/log.txt"), "to the end of the training")) << "of its first 5 steps";
    EXPECT_TRUE(contains(tiny().file("parts/log.txt"), "for the first 9 of 18 steps"));
    expect_error(tiny().run({"train", "parts", "train.epochs=3", "convert.align=2", "--resume"}), 2,
                 "convert.align was 0, is now 2");
    expect_error(tiny().train("x", {"distill.weight=0.5"}), 2, "distill.weight needs a model to follow");
    expect_error(tiny().train("x", {"distill.weight=0.5", "distill.teacher=none"}), 2,
                 "distill.teacher: expected a run folder or a checkpoint, but there is no none");
    expect_error(tiny().train("x", {"distill.weight=0.5", "distill.teacher=plain", "data.mean=[0.1]"}), 2,
                 "plain cannot teach: it was trained on data of another form");
}

TEST_F(Conversion, ATeacherIsNeededAsLongAsItTeaches) {
    std::filesystem::copy(tiny().folder / "plain", tiny().folder / "teacher", std::filesystem::copy_options::recursive);
    const std::vector<std::string> settings = {"model.heads=2",    "distill.teacher=teacher",     "distill.weight=0.7",
                                               "distill.epochs=1", "optimizer.schedule=constant", "train.test=false"};
    const auto train = [&](const std::string& dir, std::vector<std::string> more) {
        more.insert(more.end(), settings.begin(), settings.end());
        return tiny().train(dir, more).code;
    };
    ASSERT_EQ(train("middle", {"train.steps=5"}), 0);
    ASSERT_EQ(train("taught", {"train.epochs=1"}), 0);
    expect_error(tiny().run({"train", "middle", "train.steps=6", "distill.teacher=taught", "--resume"}), 2,
                 "distill.teacher: the run has followed another model");
    std::filesystem::remove_all(tiny().folder / "teacher");
    expect_error(tiny().run({"train", "middle", "train.steps=6", "--resume"}), 2, "distill.teacher: expected a run");
    const auto goes_on = [&](const std::vector<std::string>& more) {
        std::vector<std::string> arguments = {"train", "taught", "--resume"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const ProgramResult result = tiny().run(arguments);
        EXPECT_EQ(result.code, 0) << result.errors;
        EXPECT_TRUE(
            contains(result.errors, "the teacher was followed for the first 9 steps and is not needed any more"))
            << result.errors;
    };
    goes_on({"train.steps=11"});
    goes_on({"train.steps=12", "train.test=true"});
    EXPECT_EQ(tiny().losses("taught").size(), 12U);
}

TEST_F(Conversion, SensitivityTellsLayersApartAndChoosesForABudget) {
    const ProgramResult result = tiny().run({"convert", "plain", "attention.type=efficient", "--sensitivity",
                                             "--budget", "90%", "--to", "chosen.safetensors", "--json"});
    ASSERT_EQ(result.code, 0) << result.errors;
    std::istringstream stream(result.output);
    std::vector<nlohmann::json> rows;
    for (std::string line; std::getline(stream, line);) rows.push_back(nlohmann::json::parse(line));
    ASSERT_EQ(rows.size(), 4U) << "the model as it was, two layers, the choice";
    const double first = rows[1].at("divergence"), second = rows[2].at("divergence");
    EXPECT_EQ(rows[0].at("divergence"), 0.0);
    EXPECT_GT(first, 0.0);
    const size_t better = first < second ? 1 : 2;
    EXPECT_EQ(rows[3].at("layers"), rows[better].at("layers")) << "one layer is enough: that with less damage";
    EXPECT_EQ(rows[3].at("loss"), rows[better].at("loss"));
    EXPECT_LE(rows[3].at("multiplies").get<double>(), 0.9 * rows[0].at("multiplies").get<double>());
    EXPECT_NEAR(rows[3].at("loss").get<double>(), validation_loss("chosen.safetensors"), 1e-6);
    const ProgramResult table =
        tiny().run({"convert", "plain", "attention.type=efficient", "--sensitivity", "--budget=90"});
    EXPECT_TRUE(contains(table.output,
                         "heed finetune plain attention.layers." + std::to_string(better - 1) + ".type=efficient"))
        << table.output << table.errors;
    expect_error(tiny().run({"convert", "plain", "attention.type=efficient", "--sensitivity", "--budget", "1%"}), 2,
                 "% is the least that can be reached");
    const std::string refused =
        tiny().run({"convert", "plain", "attention.type=efficient", "--sensitivity", "--budget", "1%"}).errors;
    const size_t begin = refused.rfind("--budget ") + std::string("--budget ").size();
    const std::string least = refused.substr(begin, refused.find('%', begin) - begin);
    EXPECT_EQ(tiny().run({"convert", "plain", "attention.type=efficient", "--sensitivity", "--budget", least}).code, 0)
        << refused;
    expect_error(tiny().run({"convert", "plain", "attention.type=smyrf", "--sensitivity", "--budget", "50%"}), 2,
                 "--budget 50%: no layer saves multiply-adds by this swap");
    expect_error(tiny().run({"convert", "plain", "attention.type=efficient", "--budget", "50%"}), 2,
                 "--budget needs --sensitivity");
    expect_error(tiny().run({"convert", "plain", "attention.layers.0=efficient", "--sensitivity"}), 2,
                 "layers are chosen by --sensitivity itself");
}

TEST_F(Conversion, TwoModelsArePairedOnTheSameSamples) {
    ASSERT_EQ(tiny().train("other", {"train.seed=5", "train.epochs=1"}).code, 0);
    const auto json_of = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"eval", "plain", "--json"});
        const ProgramResult result = tiny().run(more);
        EXPECT_EQ(result.code, 0) << result.errors;
        return nlohmann::json::parse(result.output);
    };
    const nlohmann::json one = json_of({"--against", "other"}).at("against");
    const double other = nlohmann::json::parse(tiny().run({"eval", "other", "--json"}).output).at("accuracy");
    EXPECT_NEAR(one.at("difference").get<double>(), json_of({}).at("accuracy").get<double>() - other, 1e-12);
    EXPECT_NEAR(40 * one.at("difference").get<double>(),
                one.at("right_alone").get<double>() - one.at("wrong_alone").get<double>(), 1e-9);
    EXPECT_LE(one.at("interval").at(0).get<double>(), one.at("difference").get<double>());
    const nlohmann::json same = json_of({"--against", "plain"}).at("against");
    EXPECT_EQ(same.at("difference"), 0.0);
    EXPECT_EQ(same.at("interval").at(1), 0.0);
    EXPECT_TRUE(contains(tiny().run({"eval", "plain", "--against", "other"}).output, "on the same 40 images"));
    ASSERT_EQ(convert("other", "efficient", "alone.safetensors", {"convert.calibration=0"}).code, 0);
    EXPECT_EQ(tiny().run({"eval", "other", "--against", "alone.safetensors"}).code, 0)
        << "a checkpoint alone knows no folder of data: it is that of the other";
    ASSERT_EQ(tiny().train("split", {"data.split_seed=9", "train.steps=1", "optimizer.schedule=constant"}).code, 0);
    expect_error(tiny().run({"eval", "plain", "--against", "split", "--split", "validation"}), 2,
                 "--against split: its validation samples are not those of plain");
    expect_error(tiny().run({"eval", "plain", "--against", "nowhere"}), 2, "there is no nowhere");
}

TEST_F(Conversion, LayersWithATypeOfTheirOwnAreSwappedByTheirNumber) {
    ASSERT_EQ(tiny().train("mixed", {"model.heads=2", "attention.layers.1=smyrf"}).code, 0);
    const auto scores = [&](const std::string& run) {
        const ProgramResult result = tiny().run({"sweep", run, "--scores", "40", "--rounds", "1", "--json"});
        EXPECT_EQ(result.code, 0) << result.errors;
        std::istringstream stream(result.output);
        std::string line;
        while (stream.peek() != EOF) std::getline(stream, line);
        return nlohmann::json::parse(line).at("scores").get<double>();
    };
    EXPECT_EQ(scores("mixed"), scores("plain"));
    EXPECT_LT(scores("mixed"), 0.5);
    ASSERT_EQ(tiny().train("owned", {"model.heads=2", "attention.layers.0-1=super"}).code, 0);
    expect_error(convert("owned", "efficient", "owned.safetensors"), 2, "no layer has another type with");
    EXPECT_FALSE(tiny().exists("owned.safetensors"));
    const ProgramResult nothing = tiny().run({"finetune", "owned", "attention.type=efficient", "run.dir=unchanged"});
    expect_error(nothing, 2, "no layer has another type with these settings: the model has sdpa (super in layers 0-1)");
    EXPECT_FALSE(tiny().exists("unchanged"));
    const std::vector<std::string> tune = {"finetune", "mixed", "train.steps=1", "optimizer.schedule=constant",
                                           "train.test=false"};
    const auto tuned = [&](std::vector<std::string> more) {
        more.insert(more.begin(), tune.begin(), tune.end());
        const ProgramResult result = tiny().run(more);
        EXPECT_EQ(result.code, 0) << result.errors;
        return contains(result.errors, "note: the model has sdpa (smyrf in layer 1) attention already");
    };
    EXPECT_TRUE(tuned({"attention.layers.1=smyrf"}));
    EXPECT_FALSE(tuned({"attention.layers.1=smyrf", "attention.layers.1.cluster=2"})) << "its settings change";
    EXPECT_FALSE(tuned({"attention.layers.0=smyrf"}));
    EXPECT_FALSE(tuned({}));
}

TEST_F(Conversion, AFineTuningForOtherClassesTakesWhatFits) {
    expect_error(tiny().run({"finetune", "plain", "data.classes=5"}), 2, "init_strict: false takes over what fits");
    const ProgramResult result = tiny().run({"finetune", "plain", "data.classes=5", "init_strict=false",
                                             "train.steps=1", "optimizer.schedule=constant", "train.test=false"});
    ASSERT_EQ(result.code, 0) << result.errors;
    EXPECT_TRUE(contains(result.errors, "new, with their first values: head.weight and head.bias")) << result.errors;
    const auto begun = [](const std::string& dir, const std::string& more) {
        const ProgramResult tuned = tiny().run({"finetune", "plain", more, "init_strict=false", "attention.type=smyrf",
                                                "run.dir=" + dir, "train.steps=1", "optimizer.lr=1e-30",
                                                "optimizer.weight_decay=0", "optimizer.schedule=constant"});
        EXPECT_EQ(tuned.code, 0) << tuned.errors;
        EXPECT_TRUE(contains(tuned.errors, "attention sdpa is replaced by smyrf, with the same weights"));
        const std::string key = "encoder.layers.0.attention.key.weight";
        EXPECT_EQ(bytes(dir + "/checkpoints/last.safetensors", key), bytes("plain/checkpoints/best.safetensors", key));
        return contains(tuned.errors, "validation before the swap");
    };
    EXPECT_FALSE(begun("five_classes", "data.classes=5")) << "the head is new";
    EXPECT_TRUE(begun("whole", "train.seed=4")) << "all is as it was";
    const ProgramResult other =
        tiny().run({"finetune", "plain", "model.depth=1", "init_strict=false", "attention.type=efficient",
                    "run.dir=shallow", "train.steps=1", "optimizer.schedule=constant", "train.test=false"});
    ASSERT_EQ(other.code, 0) << other.errors;
    EXPECT_FALSE(contains(other.errors, "is replaced by")) << "its layers are not alike: what fits is taken";
}

TEST_F(Conversion, WhatMakesNoSenseIsRefused) {
    const auto refused = [&](std::vector<std::string> arguments, const std::string& why) {
        arguments.insert(arguments.begin(), {"convert", "plain"});
        expect_error(tiny().run(arguments), 2, why);
        EXPECT_FALSE(tiny().exists("x.safetensors"));
    };
    refused({"--to", "x.safetensors"}, "was not told which: attention.type=...");
    refused({"attention.type=sdpa", "--to", "x.safetensors"}, "was not told which");
    refused({"attention.layers.2=super", "--to", "x.safetensors"},
            "command line: expected layers of the encoder, 0 to 1");
    refused({"attention.type=super", "--to", "x.txt"}, "--to expects a file that ends in .safetensors");
    refused({"attention.type=super", "--to", "none/x.safetensors"}, "none/x.safetensors");
    refused({"attention.type=super", "--to", "plain/checkpoints/best.safetensors"}, "it is what the command reads");
    refused({"attention.type=super", "model.dim=8", "--to", "x.safetensors"},
            "heed convert changes the attention alone");
    refused({"attention.type=super", "convert.calibration=0", "convert.align=3", "--to", "x.safetensors"},
            "convert.align needs samples");
    refused({"attention.type=super", "attention.bias=false", "--to", "x.safetensors"}, "expected attention.bias=true");
    expect_error(tiny().run({"finetune", "plain", "model.dim=8", "attention.type=super"}), 2,
                 "the attention alone can be swapped, but");
    const ProgramResult other = tiny().run({"finetune", "plain", "attention.type=super", "data.classes=5"});
    expect_error(other, 2, "was trained for other classes");
    EXPECT_EQ(other.errors.find("init: "), other.errors.rfind("init: ")) << other.errors;
    expect_error(tiny().run({"finetune", "plain", "init=plain"}), 2, "heed finetune starts from plain");
    expect_error(tiny().run({"finetune", "plain", "attention.type=super", "--only", "attentoin"}), 2,
                 "train.only expects parts of the names of parameters");
    expect_error(tiny().run({"finetune", "plain", "attention.type=super", "--only", ""}), 2, "--only expects a value");
    expect_error(tiny().run({"finetune", "nowhere", "attention.type=super"}), 2, "there is no nowhere");
}

}  // namespace
}  // namespace heed::test::conversion_test
