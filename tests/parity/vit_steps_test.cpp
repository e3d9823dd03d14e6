#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "heed/layers/vit.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/trainers/formula_images.h"
#include "heed/trainers/image_task.h"
#include "heed/trainers/trainer.h"

// Twenty optimisation steps of small vision transformers, held against what make_vit_steps.py stored from PyTorch.

namespace heed {
namespace {

using Json = nlohmann::json;

Json read_stored() {
    const char* source = std::getenv("HEED_SOURCE_DIR");
    if (!source) throw std::runtime_error("HEED_SOURCE_DIR does not name the source folder");
    std::ifstream file(std::string(source) + "/tests/parity/vit_steps.json");
    return Json::parse(file);
}

const Json& stored() {
    static const Json json = read_stored();
    return json;
}

/// 32-bit FNV-1a.
uint32_t seed_of(const std::string& name) {
    uint32_t value = 2166136261U;
    for (char c : name) value = (value ^ static_cast<uint8_t>(c)) * 16777619U;
    return value;
}

/// The first values of a parameter, as in the script.
std::vector<float> initial(const std::string& name, int64_t count) {
    if (name.ends_with(".bias") || name == "class_token" || name == "positions.weight") {
        return test::numbers(count, seed_of(name), 0.1f);
    }
    if (name.find("norm") != std::string::npos) return test::numbers(count, seed_of(name), 0.1f, 1.0f);
    return test::numbers(count, seed_of(name), 0.25f);
}

VitOptions vit_options(const Json& model) {
    VitOptions options;
    model.at("dim").get_to(options.dim);
    model.at("depth").get_to(options.depth);
    model.at("heads").get_to(options.heads);
    model.at("mlp_dim").get_to(options.mlp_dim);
    model.at("patch").get_to(options.patch);
    model.at("norm").get_to(options.norm);
    model.at("pool").get_to(options.pool);
    model.at("positions").get_to(options.positions);
    model.at("activation").get_to(options.activation);
    return options;
}

AdamWOptions adamw_options(const Json& training) {
    AdamWOptions options;
    training.at("lr").get_to(options.lr);
    training.at("weight_decay").get_to(options.weight_decay);
    training.at("schedule").get_to(options.schedule);
    training.at("min_lr").get_to(options.min_lr);
    options.warmup = Span::steps(training.at("warmup").get<int64_t>());
    return options;
}

TrainOptions train_options(const Json& training, int64_t steps) {
    TrainOptions options;
    options.steps = steps;
    options.shuffle = false;
    training.at("label_smoothing").get_to(options.label_smoothing);
    training.at("clip").get_to(options.clip);
    return options;
}

ImageData images() {
    const ImageShape shape{stored().at("channels").get<int64_t>(), stored().at("side").get<int64_t>(),
                           stored().at("side").get<int64_t>()};
    return test::data_of(std::make_shared<test::FormulaImages>(stored().at("images").get<int64_t>(), shape,
                                                               stored().at("classes").get<int>()),
                         {{stored().at("mean").get<double>()}, {stored().at("deviation").get<double>()}});
}

double greatest_difference(const std::vector<float>& values, const std::vector<double>& wanted) {
    const size_t stride = std::max<size_t>(1, values.size() / 12);
    double greatest = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
        greatest = std::max(greatest, std::abs(static_cast<double>(values.at(i * stride)) - wanted[i]));
    }
    return greatest;
}

class VitSteps : public testing::TestWithParam<std::tuple<const char*, size_t>> {};

TEST_P(VitSteps, AreThoseOfPyTorch) {
    const auto [device, index] = GetParam();
    const Json& stored_case = stored().at("cases").at(index);
    SCOPED_TRACE(stored_case.at("name").get<std::string>());
    const Json& steps = stored_case.at("steps");
    const auto losses = steps.at("loss").get<std::vector<double>>();
    ASSERT_EQ(losses.size(), 20U);

    Context context(device);
    AttentionOptions attention;
    stored_case.at("bias").get_to(attention.bias);
    const AttentionType& type = attention_type(stored_case.at("attention").get<std::string>());
    ImageData data = images();
    const ImageShape shape = data.shape();
    auto model = make_vit(vit_options(stored_case.at("model")), {&type, &attention},
                          {shape.channels, shape.height, shape.width, stored().at("classes").get<int64_t>()});
    ParameterStore store(context, *model, 1);
    for (Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            Tensor value = parameter->part_value(part);
            value.copy_from_host(initial(part.name, value.elements()).data());
        }
    }
    const TrainOptions train = train_options(stored_case.at("training"), 20);
    ImageTask task(context, *model, data, train.label_smoothing, 8);
    SelfCommunicator communicator;
    Trainer trainer(context, task, store, train, adamw_options(stored_case.at("training")),
                    stored().at("batch").get<int64_t>(), communicator);
    trainer.begin({});
    for (size_t step = 0; step < losses.size(); ++step) {
        const StepResult result = trainer.step();
        const double norm = steps.at("gradient_norm").at(step).get<double>();
        EXPECT_NEAR(result.loss, losses[step], 1e-5 * losses[step]) << "step " << step + 1;
        EXPECT_NEAR(result.gradient_norm, norm, 1e-4 * norm) << "step " << step + 1;
        EXPECT_NEAR(result.lr, steps.at("lr").at(step).get<double>(), 1e-12) << "step " << step + 1;
    }
    EXPECT_TRUE(trainer.finished());

    size_t parts = 0;
    for (Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            ++parts;
            ASSERT_TRUE(stored_case.at("weights").contains(part.name)) << part.name;
            // The true gradient of a key bias is 0: what Adam makes of its rounding errors is chance.
            if (part.name.ends_with(".key.bias")) continue;
            EXPECT_LT(greatest_difference(parameter->part_value(part).to_vector(),
                                          stored_case.at("weights").at(part.name).get<std::vector<double>>()),
                      1e-5)
                << part.name;
        }
    }
    EXPECT_EQ(parts, stored_case.at("weights").size());
}

INSTANTIATE_TEST_SUITE_P(Devices, VitSteps,
                         testing::Combine(testing::Values("cpu", "reference"), testing::Range<size_t>(0, 8)));

TEST(VitSteps, AllStoredCasesAreTested) {
    EXPECT_EQ(stored().at("cases").size(), 8U);
}

}  // namespace
}  // namespace heed
