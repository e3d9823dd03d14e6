// ctest: cuda
// Models in the precision bf16, in which some of what lies between their layers is of bf16.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "heed/core/cpu/onednn/matrix_product.h"
#include "heed/core/forward_observer.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/layers/models/language_model.h"
#include "heed/layers/models/translator.h"
#include "heed/layers/models/vit.h"
#include "heed/tests/layers/models/formula_texts.h"
#include "heed/tests/support/devices.h"

namespace heed::test::bf16_models_test {

namespace {

using Floats = std::vector<float>;

/// Those whose results do not jump where a number is rounded.
const std::vector<std::string> steady_types = {"sdpa", "optimised", "efficient", "super", "local", "none"};

struct Choice {
    explicit Choice(const std::string& name) : type(attention_type(name)), options(type.make_options()) {}
    AttentionChoice choice() const { return {&type, &dynamic_cast<const AttentionOptions&>(*options)}; }
    const AttentionType& type;
    std::unique_ptr<Options> options;
};

/// Wants all there is to be seen of attention layers.
struct Looker final : ForwardObserver {
    void hidden(int64_t, const Tensor& x) override { see(x); }
    bool wants_attention(AttentionPlace) const override { return true; }
    void attention(AttentionPlace, int64_t, const Tensor& weights) override { see(weights); }
    void attention_input(const std::string&, const AttentionTokens& input) override { see(input.query); }
    bool wants_head_gradients() const override { return true; }
    void head_gradient(AttentionPlace, int64_t, const Tensor& gradient) override { see(gradient); }
    void see(const Tensor& tensor) {
        EXPECT_EQ(DType::f32, tensor.dtype());
        ++seen;
    }
    int seen = 0;
};

/// Logits and gradients of a step of a model with parameters from formulas.
Floats step_of(Context& context, Module& model, const std::function<Variable(const ForwardState&)>& forward,
               ForwardObserver* observer) {
    ParameterStore store(context, model, 1);
    set_formula_values(store);
    store.begin_step();
    const Variable logits = forward({.training = true, .seed = 3, .step = 5, .observer = observer});
    Floats result = logits.value().to_vector();
    const std::vector<int32_t> ones(static_cast<size_t>(logits.shape()[0]), 1);
    const Tensor targets = Tensor::from_host(context, {logits.shape()[0]}, std::span<const int32_t>(ones));
    context.tape().backward(cross_entropy(logits, targets, 0.0f).loss);
    context.tape().clear();
    store.finish_gradients();
    for (const ParameterGroup& group : store.groups()) {
        if (!group.trainable) continue;
        const Floats values = group.gradients.to_vector();
        result.insert(result.end(), values.begin(), values.end());
    }
    return result;
}

struct Settings {
    std::string norm = "pre";
    bool checkpoint = false;
    ForwardObserver* observer = nullptr;
};

template <class ModelOptions>
void set_sizes(ModelOptions& options, const Settings& settings) {
    options.dim = 24;
    options.heads = 3;
    options.mlp_dim = 40;
    options.norm = settings.norm;
    options.dropout = 0.2;
    options.checkpoint_activations = settings.checkpoint;
}

Floats vit_step(Context& context, const std::string& type, const Settings& settings) {
    VitOptions options;
    set_sizes(options, settings);
    options.depth = 2;
    const Choice attention(type);
    const auto model = make_vit(options, attention.choice(), {2, 8, 12, 5});
    const Shape shape{4, 2, 8, 12};
    return step_of(
        context, *model,
        [&](const ForwardState& state) {
            return model->forward(Tensor::from_host(context, shape, numbers(shape.elements(), 3)), state);
        },
        settings.observer);
}

Floats translator_step(Context& context, const std::string& type, const Settings& settings) {
    TranslatorOptions options;
    set_sizes(options, settings);
    options.encoder_depth = 1;
    options.decoder_depth = 2;
    const Choice attention(type);
    const auto model = make_translator(
        options, {attention.choice(), attention.choice(), attention.choice()},
        {.source_vocabulary = 17, .target_vocabulary = 19, .max_source_tokens = 8, .max_target_tokens = 6});
    const FormulaTexts source({8, 3, 5}, 8, 17), target({2, 6, 4}, 6, 19, 2);
    return step_of(
        context, *model,
        [&](const ForwardState& state) {
            const Tensor lengths = source.lengths_on(context);
            const Variable encoded = model->encode(source.ids_on(context), lengths, state);
            const Variable logits =
                model->decode(target.ids_on(context), target.lengths_on(context), encoded, lengths, state);
            return reshape(logits, {logits.shape().rows(), logits.shape()[-1]});
        },
        settings.observer);
}

double distance(const Floats& a, const Floats& b) {
    double squares = 0;
    for (size_t i = 0; i < a.size(); ++i) squares += std::pow(double{a[i]} - double{b[i]}, 2);
    return a.size() == b.size() ? std::sqrt(squares) : std::numeric_limits<double>::infinity();
}

double size_of(const Floats& values) {
    return distance(values, Floats(values.size()));
}

/// Devices whose products are of bf16.
std::vector<std::string> devices() {
    std::vector<std::string> result;
    if (onednn::multiplies_in_bf16()) result.emplace_back("cpu");
    if (cuda_is_tested()) result.emplace_back("cuda");
    return result;
}

using Step = Floats (*)(Context&, const std::string&, const Settings&);

void expect_near_f32(Step step, const std::string& type, const Settings& settings) {
    Context exact;
    const Floats want = step(exact, type, settings);
    for (const std::string& device : devices()) {
        SCOPED_TRACE(device + ", " + type + ", " + settings.norm);
        Context context(device, Precision::bf16);
        const Floats got = step(context, type, settings);
        EXPECT_NE(want, got) << "nothing was rounded";
        // Single gradients may be a few times as far off, where softmax is sharp.
        EXPECT_LE(distance(got, want), 0.05 * size_of(want));
    }
}

TEST(Bf16Models, AStepIsThatOfF32ToRounding) {
    for (const std::string& type : steady_types) {
        for (const char* norm : {"pre", "post"}) {
            expect_near_f32(vit_step, type, {.norm = norm});
            const AttentionCapabilities& can = attention_type(type).capabilities;
            if (can.causal_self && can.causal_cross) expect_near_f32(translator_step, type, {.norm = norm});
        }
    }
}

TEST(Bf16Models, EveryTypeOfAttentionTakesWhatComesBeforeIt) {
    for (const AttentionType& type : attention_types()) {
        for (const std::string& device : devices()) {
            SCOPED_TRACE(device + ", " + type.name);
            Context context(device, Precision::bf16);
            const AttentionCapabilities& can = type.capabilities;
            std::vector<Floats> steps;
            if (can.noncausal_self) steps.push_back(vit_step(context, type.name, {}));
            if (can.causal_self && can.causal_cross) steps.push_back(translator_step(context, type.name, {}));
            for (const Floats& step : steps) {
                for (const float value : step) ASSERT_TRUE(std::isfinite(value));
            }
        }
    }
}

TEST(Bf16Models, CheckpointsGiveTheSameBits) {
    for (const std::string& device : devices()) {
        for (const Step step : {vit_step, translator_step}) {
            Context context(device, Precision::bf16);
            EXPECT_EQ(step(context, "sdpa", {.checkpoint = true}), step(context, "sdpa", {.checkpoint = false}));
        }
    }
}

TEST(Bf16Models, ObserversSeeF32AndChangeNothing) {
    for (const std::string& device : devices()) {
        for (const Step step : {vit_step, translator_step}) {
            Context context(device, Precision::bf16);
            Looker looker;
            const Floats seen = step(context, "sdpa", {.observer = &looker});
            EXPECT_GT(looker.seen, 5);
            EXPECT_LE(distance(step(context, "sdpa", {}), seen), 0.02 * size_of(seen));
        }
    }
}

}  // namespace

}  // namespace heed::test::bf16_models_test
