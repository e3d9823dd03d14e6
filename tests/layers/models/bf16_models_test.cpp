// ctest: cuda
// Models in the precision bf16, in which some of what lies between their layers is of bf16.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "heed/core/forward_observer.h"
#include "heed/tests/layers/models/model_step.h"
#include "heed/tests/support/bf16_devices.h"

namespace heed::test::bf16_models_test {

namespace {

using Floats = std::vector<float>;

/// Those whose results do not jump where a number is rounded.
const std::vector<std::string> steady_types = {"sdpa", "optimised", "efficient", "super", "local", "none"};

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

double size_of(const Floats& values) {
    return distance(values, Floats(values.size()));
}

using Step = ModelStep (*)(Context&, const ModelSettings&);

/// Logits and gradients, of heads that fused attention would take.
Floats numbers_of(Step step, Context& context, ModelSettings settings) {
    settings.dim = 24;
    settings.depth = 2;
    const ModelStep of = step(context, settings);
    Floats result = of.logits;
    result.insert(result.end(), of.gradients.begin(), of.gradients.end());
    return result;
}

void expect_near_f32(Step step, const ModelSettings& settings) {
    Context exact;
    const Floats want = numbers_of(step, exact, settings);
    for (const std::string& device : bf16_devices()) {
        SCOPED_TRACE(device + ", " + settings.type + ", " + settings.norm);
        Context context(device, Precision::bf16);
        const Floats got = numbers_of(step, context, settings);
        EXPECT_NE(want, got) << "nothing was rounded";
        // Single gradients may be a few times as far off, where softmax is sharp.
        EXPECT_LE(distance(got, want), 0.05 * size_of(want));
    }
}

TEST(Bf16Models, AStepIsThatOfF32ToRounding) {
    for (const std::string& type : steady_types) {
        for (const char* norm : {"pre", "post"}) {
            expect_near_f32(vit_step, {.type = type, .norm = norm});
            const AttentionCapabilities& can = attention_type(type).capabilities;
            if (can.causal_self && can.causal_cross) expect_near_f32(translator_step, {.type = type, .norm = norm});
        }
    }
}

TEST(Bf16Models, EveryTypeOfAttentionTakesWhatComesBeforeIt) {
    for (const AttentionType& type : attention_types()) {
        for (const std::string& device : bf16_devices()) {
            SCOPED_TRACE(device + ", " + type.name);
            Context context(device, Precision::bf16);
            const AttentionCapabilities& can = type.capabilities;
            std::vector<Floats> steps;
            if (can.noncausal_self) steps.push_back(numbers_of(vit_step, context, {.type = type.name}));
            if (can.causal_self && can.causal_cross)
                steps.push_back(numbers_of(translator_step, context, {.type = type.name}));
            for (const Floats& step : steps) {
                for (const float value : step) ASSERT_TRUE(std::isfinite(value));
            }
        }
    }
}

TEST(Bf16Models, CheckpointsGiveTheSameBits) {
    for (const std::string& device : bf16_devices()) {
        for (const Step step : {vit_step, translator_step}) {
            Context context(device, Precision::bf16);
            EXPECT_EQ(numbers_of(step, context, {.checkpoint = true}), numbers_of(step, context, {}));
        }
    }
}

TEST(Bf16Models, ObserversSeeF32AndChangeNothing) {
    for (const std::string& device : bf16_devices()) {
        for (const Step step : {vit_step, translator_step}) {
            Context context(device, Precision::bf16);
            Looker looker;
            const Floats seen = numbers_of(step, context, {.observer = &looker});
            EXPECT_GT(looker.seen, 5);
            EXPECT_LE(distance(numbers_of(step, context, {}), seen), 0.02 * size_of(seen));
        }
    }
}

}  // namespace

}  // namespace heed::test::bf16_models_test
