#include <gtest/gtest.h>

#include <vector>

#include "heed/layers/models/vit.h"
#include "heed/tests/parity/stored_steps.h"
#include "heed/tests/support/close.h"
#include "heed/trainers/images/image_task.h"
#include "heed/trainers/loop/trainer.h"

// Twenty optimisation steps of small vision transformers, held against what make_vit_steps.py stored from PyTorch.

namespace heed::vit_steps_test {
namespace {

using test::Json;

const Json& stored() {
    static const Json json = test::read_stored("vit_steps.json");
    return json;
}

TrainOptions train_options(const Json& training, int64_t steps) {
    TrainOptions options;
    options.steps = steps;
    options.shuffle = false;
    training.at("label_smoothing").get_to(options.label_smoothing);
    training.at("clip").get_to(options.clip);
    return options;
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
    ImageData data = test::formula_images(stored());
    const ImageShape shape = data.shape();
    auto model = make_vit(test::vit_options(stored_case.at("model")), {&type, &attention},
                          {shape.channels, shape.height, shape.width, stored().at("classes").get<int64_t>()});
    ParameterStore store(context, *model, 1);
    test::set_initial_values(store);
    const TrainOptions train = train_options(stored_case.at("training"), 20);
    ImageTask task(context, *model, data, train.label_smoothing, 8);
    SelfCommunicator communicator;
    Trainer trainer(context, task, store, train, test::adamw_options(stored_case.at("training")),
                    stored().at("batch").get<int64_t>(), communicator);
    trainer.begin({});
    for (size_t step = 0; step < losses.size(); ++step) {
        const StepResult result = trainer.step();
        const double norm = steps.at("gradient_norm").at(step).get<double>();
        EXPECT_CLOSE(result.loss, losses[step], 1e-5) << "step " << step + 1;
        EXPECT_CLOSE(result.gradient_norm, norm, 1e-4) << "step " << step + 1;
        EXPECT_CLOSE(result.lr, steps.at("lr").at(step).get<double>(), 1e-9) << "step " << step + 1;
    }
    EXPECT_TRUE(trainer.finished());
    test::expect_weights(store, stored_case.at("weights"));
}

INSTANTIATE_TEST_SUITE_P(Devices, VitSteps,
                         testing::Combine(testing::Values("cpu", "reference"), testing::Range<size_t>(0, 8)));

TEST(VitSteps, AllStoredCasesAreTested) {
    EXPECT_EQ(stored().at("cases").size(), 8U);
}

}  // namespace
}  // namespace heed::vit_steps_test
