#include "heed/attention/landmarks/nystromformer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/attention/landmarks/pseudo_inverse.h"
#include "heed/core/error.h"
#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::nystromformer_test {
namespace {

LayerSettings settings(const std::string& type, int64_t dim, int64_t heads, int64_t landmarks) {
    LayerSettings result;
    result.type = type;
    result.dim = dim;
    result.heads = heads;
    result.configure = [landmarks](AttentionOptions& options) {
        if (auto* own = dynamic_cast<NystromformerOptions*>(&options)) own->landmarks = landmarks;
    };
    return result;
}

TEST(Nystromformer, IsSdpaUpToItsNumberOfLandmarks) {
    TestLayer landmarks(settings("nystromformer", 12, 3, 9)), sdpa(settings("sdpa", 12, 3, 9));
    LayerInput x{Sequences(3, 9, 12)};
    x.query.lengths = {9, 4, 0};
    const LayerPass a = landmarks.run(x), b = sdpa.run(x);
    EXPECT_EQ(a.output, b.output);
    EXPECT_EQ(a.d_parameters, b.d_parameters);
    EXPECT_TRUE(contains(landmarks.layer().remark(9, 9), "the same as sdpa for 9 tokens"));
}

TEST(Nystromformer, ShortSamplesGoTheirWayWhateverTheOthersAre) {
    TestLayer test(settings("nystromformer", 12, 3, 5));
    LayerInput x{Sequences(3, 20, 12)};
    x.query.lengths = {5, 20, 0};
    const std::vector<float> together = test.run(x).output;
    for (const int64_t sample : {0, 1, 2}) {
        LayerInput one(x.query.part(sample, 1));
        const std::vector<float> alone = test.run(one).output;
        for (int64_t i = 0; i < x.query.lengths[sample] * 12; ++i) {
            ASSERT_NEAR(together[sample * 20 * 12 + i], alone[i], 2e-6) << sample << " " << i;
        }
    }
}

TEST(Nystromformer, ConstantSegmentsLoseNothing) {
    // Each segment of four tokens is one token four times: landmarks are the tokens themselves.
    constexpr int64_t n = 20, dim = 8;
    TestLayer landmarks(settings("nystromformer", dim, 1, 5)), sdpa(settings("sdpa", dim, 1, 5));
    Sequences x(1, n, dim);
    for (int64_t t = 0; t < n; ++t) {
        for (int64_t c = 0; c < dim; ++c) x.token(0, t)[c] = t / 4 == c ? 6.0f : 0.0f;
    }
    std::vector<float> identity(dim * dim, 0.0f);
    for (int64_t i = 0; i < dim; ++i) identity[i * (dim + 1)] = 1.0f;
    for (TestLayer* layer : {&landmarks, &sdpa}) {
        for (const char* name : {"query.weight", "key.weight"}) layer->set_parameter(name, identity);
    }
    EXPECT_LT(relative_difference(landmarks.run(x).output, sdpa.run(x).output), 1e-4);
}

TEST(PseudoInverse, TimesTheMatrixIsTheIdentity) {
    for (const char* device : {"cpu", "reference"}) {
        Context context(device);
        constexpr int64_t n = 6;
        std::vector<float> values(2 * n * n, 0.0f);
        for (int64_t i = 0; i < 2 * n; ++i) {
            for (int64_t j = 0; j < n; ++j) values[i * n + j] = i % n == j ? 0.7f : 0.06f;
        }
        const Variable a(Tensor::from_host(context, {2, n, n}, std::span<const float>(values)));
        const std::vector<float> inverse = pseudo_inverse(a).value().to_vector();
        for (int64_t row = 0; row < 2 * n; ++row) {
            for (int64_t column = 0; column < n; ++column) {
                double sum = 0;
                for (int64_t k = 0; k < n; ++k) {
                    sum += values[row * n + k] * inverse[(row / n * n + k) * n + column];
                }
                EXPECT_NEAR(sum, row % n == column ? 1 : 0, 1e-4);
            }
        }
    }
}

TEST(Nystromformer, HasNoWeightsAndSaysWhichTypesHave) {
    TestLayer test(settings("nystromformer", 12, 3, 4));
    const std::string message = message_of<UserError>([&] { test.weights(Sequences(1, 9, 12)); });
    EXPECT_TRUE(contains(message, "'nystromformer' has no weights")) << message;
    EXPECT_TRUE(contains(message, "sdpa, optimised, efficient")) << message;
    EXPECT_TRUE(contains(lacking_weights(test.layer()), "'nystromformer' has no weights"));
    EXPECT_EQ(lacking_weights(test.layer(), /*cross=*/true), "");
    TestLayer sdpa(settings("sdpa", 12, 3, 4));
    EXPECT_EQ(lacking_weights(sdpa.layer()), "");
}

}  // namespace
}  // namespace heed::test::nystromformer_test
