#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "heed/attention/smyrf.h"
#include "heed/layers/vit.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/trainers/formula_images.h"
#include "heed/trainers/image_task.h"
#include "heed/trainers/trainer.h"

// Twenty optimisation steps of a small vision transformer with SMYRF attention, and its hashing, held against what
// make_smyrf_steps.py stored from PyTorch.

namespace heed {
namespace {

using Json = nlohmann::json;

const Json& stored() {
    static const Json json = [] {
        const char* source = std::getenv("HEED_SOURCE_DIR");
        if (!source) throw std::runtime_error("HEED_SOURCE_DIR does not name the source folder");
        std::ifstream file(std::string(source) + "/tests/parity/smyrf_steps.json");
        return Json::parse(file);
    }();
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
    for (const auto& [key, field] : {std::pair{"dim", &options.dim},
                                     {"depth", &options.depth},
                                     {"heads", &options.heads},
                                     {"mlp_dim", &options.mlp_dim},
                                     {"patch", &options.patch}}) {
        model.at(key).get_to(*field);
    }
    for (const auto& [key, field] : {std::pair{"norm", &options.norm},
                                     {"pool", &options.pool},
                                     {"positions", &options.positions},
                                     {"activation", &options.activation}}) {
        model.at(key).get_to(*field);
    }
    return options;
}

ImageData images() {
    const Json& json = stored();
    const auto side = json.at("side").get<int64_t>();
    return test::data_of(std::make_shared<test::FormulaImages>(
                             json.at("images").get<int64_t>(),
                             ImageShape{json.at("channels").get<int64_t>(), side, side}, json.at("classes").get<int>()),
                         {{json.at("mean").get<double>()}, {json.at("deviation").get<double>()}});
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
    ImageData data = images();
    const ImageShape shape = data.shape();
    const VitOptions options = vit_options(stored().at("model"));
    auto model = make_vit(options, {&attention_type("smyrf"), &attention},
                          {shape.channels, shape.height, shape.width, stored().at("classes").get<int64_t>()});
    ParameterStore store(context, *model, 1);
    for (Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            Tensor value = parameter->part_value(part);
            value.copy_from_host(initial(part.name, value.elements()).data());
        }
    }
    std::vector<SmyrfAttention*> layers;
    find_layers(*model, layers);
    ASSERT_EQ(layers.size(), static_cast<size_t>(options.depth));

    const Json& training = stored().at("training");
    AdamWOptions adamw;
    training.at("lr").get_to(adamw.lr);
    training.at("weight_decay").get_to(adamw.weight_decay);
    training.at("schedule").get_to(adamw.schedule);
    adamw.warmup = Span::steps(training.at("warmup").get<int64_t>());
    TrainOptions train;
    train.steps = static_cast<int64_t>(losses.size());
    train.shuffle = false;
    training.at("clip").get_to(train.clip);
    const auto batch = stored().at("batch").get<int64_t>();
    ImageTask task(context, *model, data, 0, batch);
    SelfCommunicator communicator;
    Trainer trainer(context, task, store, train, adamw, batch, communicator);
    trainer.begin({});
    int64_t call = 0;
    for (size_t step = 0; step < losses.size(); ++step) {
        for (SmyrfAttention* layer : layers) {
            layer->fix_orders(orders_of_call(context, call++, batch, options.heads, model->tokens()));
        }
        const StepResult result = trainer.step();
        const double norm = steps.at("gradient_norm").at(step).get<double>();
        EXPECT_NEAR(result.loss, losses[step], 1e-5 * losses[step]) << "step " << step + 1;
        EXPECT_NEAR(result.gradient_norm, norm, 1e-4 * norm) << "step " << step + 1;
    }
    for (SmyrfAttention* layer : layers) layer->fix_orders({});

    for (Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            // The true gradient of a key bias is 0: what Adam makes of its rounding errors is chance.
            if (part.name.ends_with(".key.bias")) continue;
            const std::vector<float> values = parameter->part_value(part).to_vector();
            const auto wanted = stored().at("weights").at(part.name).get<std::vector<double>>();
            const size_t stride = std::max<size_t>(1, values.size() / 12);
            for (size_t i = 0; i < wanted.size(); ++i) {
                ASSERT_NEAR(values.at(i * stride), wanted[i], 1e-5) << part.name << " " << i;
            }
        }
    }
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
    SmyrfHeads attention;
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
}  // namespace heed
