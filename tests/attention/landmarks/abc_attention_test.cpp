// ctest: cuda
#include "heed/attention/landmarks/abc_attention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/core/cpu/isa.h"
#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/kernel_paths.h"

namespace heed::test::abc_attention_test {
namespace {

LayerSettings settings(const std::string& type, AttentionPattern pattern, int64_t dim, int64_t heads, int64_t slots) {
    LayerSettings result;
    result.type = type;
    result.pattern = pattern;
    result.dim = dim;
    result.heads = heads;
    result.configure = [slots](AttentionOptions& options) {
        if (auto* own = dynamic_cast<AbcOptions*>(&options)) own->slots = slots;
    };
    return result;
}

std::vector<float> diagonal(int64_t size, float value) {
    std::vector<float> matrix(static_cast<size_t>(size * size), 0.0f);
    for (int64_t i = 0; i < size; ++i) matrix[static_cast<size_t>(i * (size + 1))] = value;
    return matrix;
}

TEST(AbcAttention, IsSdpaWhereEachSlotLooksForAKeyOfItsOwn) {
    constexpr int64_t n = 8;
    for (const AttentionPattern pattern : {AttentionPattern::noncausal_self, AttentionPattern::causal_self,
                                           AttentionPattern::noncausal_cross, AttentionPattern::causal_cross}) {
        TestLayer abc(settings("abc", pattern, n, 1, n)), sdpa(settings("sdpa", pattern, n, 1, n));
        for (TestLayer* layer : {&abc, &sdpa}) {
            for (const char* name : {"key", "value"}) {
                layer->set_parameter(std::string(name) + ".weight", diagonal(n, 1.0f));
                layer->set_parameter(std::string(name) + ".bias", std::vector<float>(n, 0.0f));
            }
        }
        abc.set_parameter("key_slots.weight", diagonal(n, 400.0f));
        abc.set_parameter("value_slots.weight", diagonal(n, 400.0f));
        Sequences keys(1, n, n);
        keys.values = diagonal(n, 1.0f);
        const LayerInput x = is_cross(pattern) ? LayerInput(Sequences(1, 5, n, 3), keys) : LayerInput(keys);
        const std::vector<float> found = abc.run(x).output, wanted = sdpa.run(x).output;
        // In causal self-attention the slots of later tokens hold the mean of what is there, but for the last token.
        const size_t begin = pattern == AttentionPattern::causal_self ? wanted.size() - n : 0;
        EXPECT_LT(relative_difference(found, wanted, begin), 2e-6) << attention_pattern_name(pattern);
    }
}

void expect_alike(const LayerPass& pass, const LayerPass& wanted) {
    EXPECT_LT(relative_difference(pass.output, wanted.output), 5e-6);
    EXPECT_LT(relative_difference(pass.d_input, wanted.d_input), 1e-5);
    for (const auto& [name, values] : wanted.d_parameters) {
        EXPECT_LT(relative_difference(pass.d_parameters.at(name), values), 2e-5) << name;
    }
}

TEST(RunningSlots, AreTheSameOnEveryDeviceAndInstructionSet) {
    const Isa before = active_isa();
    for (const int64_t head_dim : {3, 20}) {
        for (const int64_t slots : {1, 5, 17}) {
            LayerSettings of_layer = settings("abc", AttentionPattern::causal_self, 2 * head_dim, 2, slots);
            LayerInput x{Sequences(3, 70, 2 * head_dim)};
            x.query.lengths = {70, 33, 0};
            of_layer.device = "reference";
            const LayerPass wanted = TestLayer(of_layer).run(x);
            of_layer.device = "cpu";
            for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
                if (!isa_available(isa)) continue;
                SCOPED_TRACE(std::string(isa_name(isa)) + ", " + std::to_string(slots) + " slots");
                set_active_isa(isa);
                expect_alike(TestLayer(of_layer).run(x), wanted);
            }
            set_active_isa(before);
            if (!cuda_is_tested() || (head_dim > 3) != (slots > 5)) continue;  // emulated, it takes long
            of_layer.device = "cuda";
            for (const cuda_emulation::ThreadOrder order : cuda_thread_orders()) {
                SCOPED_TRACE(std::string("cuda, threads ") + name_of(order) + ", " + std::to_string(slots) + " slots");
                cuda_emulation::set_thread_order(order);
                expect_alike(TestLayer(of_layer).run(x), wanted);
            }
            cuda_emulation::set_thread_order(cuda_emulation::ThreadOrder::forward);
        }
    }
}

TEST(RunningSlots, MayBeMoreThanTheSharedMemoryOfACardHolds) {
    if (!cuda_is_tested()) GTEST_SKIP() << "without the emulation of CUDA";
    LayerSettings of_layer = settings("abc", AttentionPattern::causal_self, 96, 1, 70);
    LayerInput x{Sequences(2, 5, 96)};
    x.query.lengths = {5, 3};
    const LayerPass wanted = TestLayer(of_layer).run(x);
    of_layer.device = "cuda";
    expect_alike(TestLayer(of_layer).run(x), wanted);
}

TEST(RunningSlots, SumsOfAnySizeStayFinite) {
    // Scores of +-1000: e^score has no number in single precision.
    TestLayer test(settings("abc", AttentionPattern::causal_self, 4, 1, 2));
    test.set_parameter("key_slots.weight", {2000, 0, 0, 0, -2000, 0, 0, 0});
    test.set_parameter("value_slots.weight", {0, 2000, 0, 0, 0, -2000, 0, 0});
    const LayerPass pass = test.run(Sequences(1, 60, 4));
    for (const float value : pass.output) ASSERT_TRUE(std::isfinite(value));
    for (const float value : pass.d_input) ASSERT_TRUE(std::isfinite(value));
}

TEST(RunningSlots, DecodingKeepsNothingOfTheTokensThemselves) {
    TestLayer test(settings("abc", AttentionPattern::causal_self, 8, 2, 3));
    DecodingStart start;
    start.batch = 2;
    const auto cache = test.layer().make_cache(test.context(), start);
    const Tensor x = Tensor::zeros(test.context(), {2, 1, 8});
    test.layer().step(x, *cache);
    const size_t before = test.context().allocator().bytes_in_use();
    for (int64_t t = 0; t < 200; ++t) test.layer().step(x, *cache);
    EXPECT_EQ(test.context().allocator().bytes_in_use(), before);
}

TEST(RunningSlots, DecodingGivesWhatAllTokensAtOnceGive) {
    for (const char* device : computing_devices()) {
        SCOPED_TRACE(device);
        LayerSettings of_layer = settings("abc", AttentionPattern::causal_self, 8, 2, 3);
        of_layer.device = device;
        TestLayer test(of_layer);
        const Sequences x(2, 4, 8);
        const std::vector<float> wanted = test.run(x).output;
        DecodingStart start;
        start.batch = 2;
        const auto cache = test.layer().make_cache(test.context(), start);
        for (int64_t t = 0; t < 4; ++t) {
            std::vector<float> tokens;
            for (const int64_t row : {0, 1}) {
                const float* token = x.values.data() + (row * 4 + t) * 8;
                tokens.insert(tokens.end(), token, token + 8);
            }
            const Tensor input = Tensor::from_host(test.context(), {2, 1, 8}, std::span<const float>(tokens));
            const std::vector<float> step = test.layer().step(input, *cache).to_vector();
            for (size_t i = 0; i < 16; ++i) EXPECT_NEAR(step[i], wanted[(i / 8 * 4 + t) * 8 + i % 8], 2e-6);
        }
    }
}

}  // namespace
}  // namespace heed::test::abc_attention_test
