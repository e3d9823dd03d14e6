// ctest: cuda
// Attention layers in the precision bf16, whose queries and sources are of bf16.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "heed/attention/heads/cudnn/fused_attention.h"
#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/support/bf16_devices.h"
#include "heed/tests/support/bf16_values.h"

namespace heed::test::bf16_inputs_test {

namespace {

/// Those that are softmax attention over all keys at the length of the tests (smyrf: one cluster).
const std::vector<std::string> dense_types = {"sdpa", "optimised", "efficient", "super", "smyrf"};

constexpr int64_t batch = 2, tokens = 9, source_tokens = 7, dim = 24;

LayerSettings settings_of(const std::string& type, AttentionPattern pattern) {
    return {.type = type, .pattern = pattern, .dim = dim, .max_tokens = tokens, .max_source_tokens = source_tokens};
}

LayerSettings in_bf16(LayerSettings settings, const std::string& device) {
    settings.device = device;
    settings.precision = Precision::bf16;
    settings.dtype = DType::bf16;
    return settings;
}

/// Values that bf16 has, so that both precisions begin with the same.
LayerInput input_for(AttentionPattern pattern, bool lengths = false) {
    const auto sequences = [&](int64_t length, uint32_t seed) {
        Sequences result(batch, length, dim, seed);
        result.values = rounded_to_bf16(result.values);
        return result;
    };
    LayerInput input = is_cross(pattern) ? LayerInput(sequences(tokens, 1), sequences(source_tokens, 2))
                                         : LayerInput(sequences(tokens, 1));
    if (lengths) input.keys().lengths = {static_cast<int32_t>(input.keys().tokens), 4};
    return input;
}

std::vector<AttentionPattern> patterns_of(const std::string& type) {
    std::vector<AttentionPattern> result;
    for (const AttentionPattern pattern : {AttentionPattern::noncausal_self, AttentionPattern::causal_self,
                                           AttentionPattern::noncausal_cross, AttentionPattern::causal_cross}) {
        if (attention_type(type).capabilities.can(pattern)) result.push_back(pattern);
    }
    return result;
}

/// At most 1/40 of the size: some roundings to 1/256, one after the other.
void expect_near(const std::vector<float>& got, const std::vector<float>& want, const std::string& what) {
    EXPECT_LE(distance(got, want), 0.025 * distance(want, std::vector<float>(want.size()))) << what;
}

void expect_near(const LayerPass& got, const LayerPass& want) {
    expect_near(got.output, want.output, "output");
    expect_near(got.d_input, want.d_input, "d_input");
    expect_near(got.d_source, want.d_source, "d_source");
    for (const auto& [name, gradient] : want.d_parameters) {
        // The gradient of the keys' bias is zero but for rounding.
        if (name != "key.bias") expect_near(got.d_parameters.at(name), gradient, name);
    }
}

/// Whether there is a fused attention in bf16, cuDNN's or that of the tests.
bool has_fused_attention() {
    if (!cuda_is_tested()) return false;
    // Volatile: where a file beside this one defines it, the compiler would say that it is never null.
    auto* const volatile find = cuda::fused_attention;
    if (!find) return false;
    const Context card("cuda");
    return find({2, 2, 64, 64, 64, 0.125F, false, false}) != nullptr;
}

TEST(Bf16Inputs, GiveWhatF32GivesToRounding) {
    for (const std::string& type : dense_types) {
        for (const AttentionPattern pattern : patterns_of(type)) {
            for (const bool lengths : {false, true}) {
                const LayerSettings settings = settings_of(type, pattern);
                const LayerInput input = input_for(pattern, lengths);
                const LayerPass want = TestLayer(settings).run(input);
                for (const std::string& device : bf16_devices()) {
                    SCOPED_TRACE(device + ", " + type + ", " + attention_pattern_name(pattern) +
                                 (lengths ? ", lengths" : ""));
                    const LayerPass got = TestLayer(in_bf16(settings, device)).run(input);
                    EXPECT_NE(want.output, got.output) << "nothing was rounded";
                    expect_near(got, want);
                }
            }
        }
    }
}

TEST(Bf16Inputs, HeadsAreOfBf16WhereFusedAttentionTakesThem) {
    if (!has_fused_attention()) GTEST_SKIP() << "no cuDNN, or HEED_CUDNN=off";
    const auto heads_of = [](const LayerSettings& settings, const ForwardState& state = {}) {
        TestLayer layer(in_bf16(settings, "cuda"));
        return layer.layer().head_outputs(layer.constants(input_for(settings.pattern)), state).value().dtype();
    };
    for (const std::string& type : dense_types) {
        for (const AttentionPattern pattern : patterns_of(type)) {
            SCOPED_TRACE(type + ", " + attention_pattern_name(pattern));
            EXPECT_EQ(DType::bf16, heads_of(settings_of(type, pattern)));
        }
        LayerSettings settings = settings_of(type, AttentionPattern::noncausal_self);
        settings.dropout = 0.5;
        EXPECT_EQ(DType::bf16, heads_of(settings)) << type << ", no dropout outside of training";
        EXPECT_EQ(DType::f32, heads_of(settings, {.training = true})) << type << ", dropout";
    }
    LayerSettings clusters = settings_of("smyrf", AttentionPattern::noncausal_self);
    clusters.configure = cut_short_sequences;
    EXPECT_EQ(DType::f32, heads_of(clusters));
    EXPECT_EQ(DType::f32, heads_of(settings_of("local", AttentionPattern::noncausal_self)));
}

TEST(Bf16Inputs, HeadsOfBf16AreRotated) {
    for (const std::string& type : dense_types) {
        for (const AttentionPattern pattern : {AttentionPattern::noncausal_self, AttentionPattern::causal_self}) {
            LayerSettings settings = settings_of(type, pattern);
            if (!attention_type(type).capabilities.can(pattern) || !attention_type(type).capabilities.rotary) continue;
            settings.rotary_base = 100.0;
            const LayerInput input = input_for(pattern);
            const LayerPass want = TestLayer(settings).run(input);
            for (const std::string& device : bf16_devices()) {
                SCOPED_TRACE(device + ", " + type + ", " + attention_pattern_name(pattern));
                TestLayer layer(in_bf16(settings, device));
                expect_near(layer.run(input), want);
                const DType heads = layer.layer().head_outputs(layer.constants(input), {}).value().dtype();
                EXPECT_EQ(device == "cuda" && has_fused_attention() ? DType::bf16 : DType::f32, heads);
            }
        }
    }
}

TEST(Bf16Inputs, WeightsAndHeadValuesAreOfF32) {
    for (const std::string& type : dense_types) {
        const LayerSettings settings = settings_of(type, AttentionPattern::noncausal_self);
        const LayerInput input = input_for(settings.pattern);
        TestLayer exact(settings);
        const std::vector<float> weights = exact.weights(input);
        const std::vector<float> values = exact.layer().head_values(exact.constants(input)).to_vector();
        for (const std::string& device : bf16_devices()) {
            SCOPED_TRACE(device + ", " + type);
            TestLayer layer(in_bf16(settings, device));
            expect_near(layer.weights(input), weights, "weights");
            const Tensor got = layer.layer().head_values(layer.constants(input));
            EXPECT_EQ(DType::f32, got.dtype());
            expect_near(got.to_vector(), values, "values");
        }
    }
}

}  // namespace

}  // namespace heed::test::bf16_inputs_test
