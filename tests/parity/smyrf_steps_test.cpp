#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "heed/attention/smyrf/smyrf_attention.h"
#include "heed/layers/models/vit.h"
#include "heed/tests/parity/stored_steps.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/trainers/images/image_task.h"
#include "heed/trainers/loop/trainer.h"

// Twenty optimisation steps of a small vision transformer with SMYRF attention, and its hashing, held against what
// make_smyrf_steps.py stored from PyTorch.

namespace heed::smyrf_steps_test {
namespace {

using test::Json;

const Json& stored() {
    static const Json json = test::read_stored("smyrf_steps.json");
    return json;
}

/// The attention layers below a module, in their order.
void find_layers(Module& module, std::vector<SmyrfAttention*>& layers) {
    if (auto* layer = dynamic_cast<SmyrfAttention*>(&module)) layers.push_back(layer);
    for (const auto& [name, child] : module.children()) find_layers(*child, layers);
}

/// The orders of call number `call` of a layer, as in the script.
SmyrfOrders orders_of_call(Context& context, int64_t call, int64_t batch, int64_t heads, int64_t tokens) {
    const auto rounds = stored().at("rounds").get<int64_t>();
    const int64_t places = batch * heads * rounds;
    std::vector<int32_t> orders[2];
    for (int64_t place = 0; place < places; ++place) {
        for (int64_t role = 0; role < 2; ++role) {
            const auto key = test::numbers(tokens, static_cast<uint32_t>(100000 + 2 * (call * places + place) + role));
            std::vector<int32_t> order(static_cast<size_t>(tokens));
            std::iota(order.begin(), order.end(), 0);
            std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return key[a] < key[b]; });
            orders[role].insert(orders[role].end(), order.begin(), order.end());
        }
    }
    const Shape shape = {batch, heads, rounds, tokens};
    return {Tensor::from_host(context, shape, std::span<const int32_t>(orders[0])),
            Tensor::from_host(context, shape, std::span<const int32_t>(orders[1]))};
}

class SmyrfSteps : public testing::TestWithParam<const char*> {};

TEST_P(SmyrfSteps, AreThoseOfPyTorch) {
    const Json& steps = stored().at("steps");
    const auto losses = steps.at("loss").get<std::vector<double>>();
    ASSERT_EQ(losses.size(), 20U);
    Context context(GetParam());
    SmyrfOptions attention;
    stored().at("rounds").get_to(attention.rounds);
    stored().at("cluster").get_to(attention.cluster);
    ImageData data = test::formula_images(stored());
    const ImageShape shape = data.shape();
    const VitOptions options = test::vit_options(stored().at("model"));
    auto model = make_vit(options, {&attention_type("smyrf"), &attention},
                          {shape.channels, shape.height, shape.width, stored().at("classes").get<int64_t>()});
    ParameterStore store(context, *model, 1);
    test::set_initial_values(store);
    std::vector<SmyrfAttention*> layers;
    find_layers(*model, layers);
    ASSERT_EQ(layers.size(), static_cast<size_t>(options.depth));

    const Json& training = stored().at("training");
    TrainOptions train;
    train.steps = static_cast<int64_t>(losses.size());
    train.shuffle = false;
    training.at("clip").get_to(train.clip);
    const auto batch = stored().at("batch").get<int64_t>();
    ImageTask task(context, *model, data, 0, batch);
    SelfCommunicator communicator;
    Trainer trainer(context, task, store, train, test::adamw_options(training), batch, communicator);
    trainer.begin({});
    int64_t call = 0;
    for (size_t step = 0; step < losses.size(); ++step) {
        for (SmyrfAttention* layer : layers) {
            layer->fix_orders(orders_of_call(context, call++, batch, options.heads, model->tokens()));
        }
        const StepResult result = trainer.step();
        const double norm = steps.at("gradient_norm").at(step).get<double>();
        EXPECT_CLOSE(result.loss, losses[step], 1e-5) << "step " << step + 1;
        EXPECT_CLOSE(result.gradient_norm, norm, 1e-4) << "step " << step + 1;
    }
    for (SmyrfAttention* layer : layers) layer->fix_orders({});

    test::expect_weights(store, stored().at("weights"));
}

TEST_P(SmyrfSteps, HashesAsPyTorchDoes) {
    const Json& hashing = stored().at("hashing");
    const auto number = [&](const char* key) { return hashing.at(key).get<int64_t>(); };
    const Shape shape = {number("batch"), number("tokens"), number("heads") * number("head_dim")};
    Context context(GetParam());
    const auto input = [&](uint32_t seed) {
        return Variable(Tensor::from_host(context, shape, test::numbers(shape.elements(), seed)));
    };
    const auto lengths = hashing.at("lengths").get<std::vector<int32_t>>();
    SmyrfInputs attention;
    attention.heads.query = {input(11), 0};
    attention.heads.key = attention.heads.value = {input(12), 0};
    attention.heads.heads = number("heads");
    attention.heads.head_dim = number("head_dim");
    attention.heads.mask.key_lengths = attention.query_lengths =
        Tensor::from_host(context, {number("batch")}, std::span<const int32_t>(lengths));
    attention.rounds = number("rounds");
    attention.cluster = number("cluster");
    const Shape directions = {attention.rounds, attention.heads.heads, attention.heads.head_dim + 2};
    const SmyrfOrders orders =
        smyrf_orders(attention, Tensor::from_host(context, directions, test::numbers(directions.elements(), 13, 2)));
    for (const auto& [name, tensor] : {std::pair{"queries", orders.queries}, {"keys", orders.keys}}) {
        std::vector<int32_t> got(static_cast<size_t>(tensor.elements()));
        tensor.copy_to_host(got.data());
        EXPECT_EQ(got, hashing.at(name).get<std::vector<int32_t>>()) << name;
    }
}

INSTANTIATE_TEST_SUITE_P(Devices, SmyrfSteps, testing::Values("cpu", "reference"));

}  // namespace
}  // namespace heed::smyrf_steps_test
