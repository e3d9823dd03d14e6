#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "heed/core/files/safetensors.h"
#include "heed/tests/e2e/tiny_training.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::predict_dump_test {
namespace {

/// A tiny run for each attention type, and the test images of the data set.
class PredictDump : public testing::Test {
protected:
    static constexpr const char* images = "data/t10k-images-idx3-ubyte";

    static void SetUpTestSuite() {
        training_ = new TinyTraining;
        for (const char* type : {"sdpa", "smyrf"}) {
            const ProgramResult result =
                training_->train(type, {"train.epochs=1", std::string("attention.type=") + type});
            ASSERT_EQ(result.code, 0) << result.errors;
        }
    }
    static void TearDownTestSuite() { delete training_; }

    static std::vector<float> values(const SafetensorsFile& file, const std::string& name,
                                     const std::vector<int64_t>& shape) {
        const StoredTensor& tensor = file.at(name);
        EXPECT_EQ(tensor.shape, shape) << name;
        EXPECT_EQ(tensor.dtype, DType::f32) << name;
        std::vector<float> found(tensor.bytes.size() / sizeof(float));
        std::memcpy(found.data(), tensor.bytes.data(), tensor.bytes.size());
        return found;
    }

    static TinyTraining* training_;
};

TinyTraining* PredictDump::training_ = nullptr;

TEST_F(PredictDump, HoldsWhatTheModelComputes) {
    for (const std::string type : {"sdpa", "smyrf"}) {
        SCOPED_TRACE(type);
        const std::string file = type + ".safetensors";
        const ProgramResult result =
            training_->run({"predict", type, "--json", "--dump", "attention,hidden,logits", file, images});
        ASSERT_EQ(result.code, 0) << result.errors;
        const SafetensorsFile dump(training_->folder / file);
        EXPECT_EQ(dump.tensors().size(), 1U + 3U + 2U);
        values(dump, "hidden.0", {40, 5, 16});
        values(dump, "hidden.1", {40, 5, 16});
        values(dump, "hidden.2", {40, 5, 16});
        for (const char* name : {"attention.0", "attention.1"}) {
            const std::vector<float> weights = values(dump, name, {40, 2, 5, 5});
            for (size_t row = 0; row < weights.size(); row += 5) {
                double sum = 0;
                for (size_t key = 0; key < 5; ++key) sum += weights[row + key];
                ASSERT_NEAR(sum, 1.0, 1e-5);
            }
        }
        // The softmax of the logits is what the program prints.
        const std::vector<float> logits = values(dump, "logits", {40, 4});
        std::istringstream lines(result.output);
        std::string line;
        size_t image = 0;
        for (; std::getline(lines, line); ++image) {
            const nlohmann::json printed = nlohmann::json::parse(line);
            double sum = 0;
            for (size_t i = 0; i < 4; ++i) sum += std::exp(static_cast<double>(logits[image * 4 + i]));
            for (size_t i = 0; i < 4; ++i) {
                const double share = std::exp(static_cast<double>(logits[image * 4 + i])) / sum;
                ASSERT_NEAR(printed["probabilities"][i].get<double>(), share, 1e-5);
            }
        }
        EXPECT_EQ(image, 40U);

        const nlohmann::json names = nlohmann::json::parse(dump.metadata().at("images"));
        ASSERT_EQ(names.size(), 40U);
        EXPECT_EQ(names[3], std::string(images) + "#3");
        EXPECT_EQ(nlohmann::json::parse(dump.metadata().at("classes")).size(), 4U);
        EXPECT_EQ(dump.metadata().at("attention_type"), type);
        EXPECT_EQ(nlohmann::json::parse(dump.metadata().at("patches")),
                  nlohmann::json({{"rows", 2}, {"columns", 2}, {"class_token", true}, {"distillation_token", false}}));
    }
}

TEST_F(PredictDump, HoldsOnlyWhatWasAskedFor) {
    ASSERT_EQ(training_->run({"predict", "sdpa", images, "--dump", "logits", "logits.safetensors"}).code, 0);
    EXPECT_EQ(SafetensorsFile(training_->folder / "logits.safetensors").tensors().size(), 1U);
    const ProgramResult without = training_->run({"predict", "sdpa", images});
    const ProgramResult with = training_->run({"predict", "sdpa", images, "--dump", "attention", "a.safetensors"});
    EXPECT_EQ(with.output, without.output);
}

TEST_F(PredictDump, WrongArgumentsWriteNothing) {
    expect_error(training_->run({"predict", "sdpa", images, "--dump", "atention", "x.safetensors"}), 2,
                 "got \"atention\" (did you mean attention?)");
    expect_error(training_->run({"predict", "sdpa", "--dump", "logits", images, images}), 2,
                 "a file that ends in .safetensors, got \"data/t10k-images-idx3-ubyte\"");
    expect_error(training_->run({"predict", "sdpa", images, "--dump", "logits"}), 2, "--dump");
    expect_error(training_->run({"predict", "sdpa", images, "--dump", "logits", "missing/x.safetensors"}), 2,
                 "missing");
    EXPECT_FALSE(training_->exists("x.safetensors"));
}

/// Python's own reader of the format, with numpy.
TEST_F(PredictDump, PythonReadsIt) {
    if (std::system("python3 -c 'import safetensors, numpy' 2>/dev/null") != 0) {
        GTEST_SKIP() << "python3 has no safetensors or no numpy";
    }
    ASSERT_EQ(training_->run({"predict", "sdpa", images, "--dump", "attention,hidden,logits", "p.safetensors"}).code,
              0);
    write_text(
        training_->folder / "read.py",
        "import json, sys, numpy\n"
        "from safetensors import safe_open\n"
        "with safe_open(sys.argv[1], framework='numpy') as file:\n"
        "    tensors = {name: file.get_tensor(name) for name in file.keys()}\n"
        "    images = json.loads(file.metadata()['images'])\n"
        "assert sorted(tensors) == ['attention.0', 'attention.1', 'hidden.0', 'hidden.1', 'hidden.2', 'logits']\n"
        "assert tensors['logits'].shape == (len(images), 4) and tensors['logits'].dtype == numpy.float32\n"
        "assert tensors['attention.1'].shape == (40, 2, 5, 5)\n"
        "assert numpy.allclose(tensors['attention.1'].sum(axis=-1), 1, atol=1e-5)\n");
    const std::string command =
        "python3 '" + training_->folder / "read.py" + "' '" + training_->folder / "p.safetensors" + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(PredictDump, WhereThereAreNoWeightsThatIsSaid) {
    ASSERT_EQ(training_->train("blind", {"train.epochs=1", "attention.type=none"}).code, 0);
    EXPECT_TRUE(
        contains(training_->file("blind/report.html"), "Attention maps are left out: attention type &#39;none&#39;") ||
        contains(training_->file("blind/report.html"), "Attention maps are left out: attention type 'none'"));
    const ProgramResult dump = training_->run({"predict", "blind", images, "--dump", "attention", "b.safetensors"});
    expect_error(dump, 2, "'none' of encoder.layers.0.attention has no weights");
    EXPECT_FALSE(training_->exists("b.safetensors"));
    EXPECT_EQ(training_->run({"predict", "blind", images, "--dump", "hidden", "b.safetensors"}).code, 0);
    expect_error(training_->run({"explain", "blind", images}), 2, "types that have: sdpa");
}

}  // namespace
}  // namespace heed::test::predict_dump_test
