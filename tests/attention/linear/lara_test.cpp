#include "heed/attention/linear/lara.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/core/error.h"
#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/definitions/attention/feature_attention.h"
#include "heed/tests/definitions/products.h"
#include "heed/tests/support/kernel_paths.h"
#include "heed/tests/support/message_of.h"

namespace heed::test::lara_test {
namespace {

constexpr int64_t batch = 2, dim = 12, heads = 3, head_dim = 4, tokens = 7, landmarks = 3;

LayerSettings settings(int64_t count = landmarks) {
    LayerSettings result;
    result.type = "lara";
    result.dim = dim;
    result.heads = heads;
    result.configure = [=](AttentionOptions& options) { dynamic_cast<LaraOptions&>(options).landmarks = count; };
    return result;
}

definitions::Values wide(const std::vector<float>& values) {
    return {values.begin(), values.end()};
}

/// The formula of the header, proposal by proposal, where `noise` [heads, landmarks, head_dim] is w - mu.
definitions::Values lara(const definitions::Values& query, const definitions::Values& key,
                         const definitions::Values& value, const definitions::Integers& lengths,
                         const std::vector<double>& noise) {
    const double root = std::pow(head_dim, 0.25);
    const auto means_of = [&](const definitions::Values& x) {
        return definitions::segment_means(x, lengths, tokens, heads, head_dim, landmarks);
    };
    const definitions::Values query_means = means_of(query), key_means = means_of(key);
    definitions::Values out(query.size(), 0.0);
    for (int64_t b = 0; b < batch; ++b) {
        for (int64_t h = 0; h < heads; ++h) {
            for (int64_t t = 0; t < tokens; ++t) {
                const auto at = [&](const definitions::Values& x, int64_t token, int64_t r) {
                    return x[static_cast<size_t>((b * tokens + token) * dim + h * head_dim + r)];
                };
                std::vector<double> summary(head_dim, 0.0);
                double total = 0;
                for (int64_t c = 0; c < landmarks; ++c) {
                    double mu_q = 0, w_q = 0, q_q = 0, w_w = 0, distance = 0;
                    std::vector<double> w;
                    for (int64_t r = 0; r < head_dim; ++r) {
                        const auto number = static_cast<size_t>(((b * heads + h) * landmarks + c) * head_dim + r);
                        const double q = at(query, t, r) / root, mu = (query_means[number] + key_means[number]) / root;
                        w.push_back(mu + noise[static_cast<size_t>((h * landmarks + c) * head_dim + r)]);
                        mu_q += mu * q;
                        w_q += w.back() * q;
                        q_q += q * q;
                        w_w += w.back() * w.back();
                        distance += (w.back() - mu) * (w.back() - mu);
                    }
                    const double weight = std::exp(mu_q + w_q - q_q / 2 + (distance - w_w) / 2);
                    for (int64_t j = 0; j < lengths[static_cast<size_t>(b)]; ++j) {
                        double w_k = 0, k_k = 0;
                        for (int64_t r = 0; r < head_dim; ++r) {
                            const double k = at(key, j, r) / root;
                            w_k += w[static_cast<size_t>(r)] * k;
                            k_k += k * k;
                        }
                        const double xi = weight * std::exp(w_k - k_k / 2);
                        total += xi;
                        for (int64_t r = 0; r < head_dim; ++r) summary[static_cast<size_t>(r)] += xi * at(value, j, r);
                    }
                }
                for (int64_t r = 0; r < head_dim && total > 0; ++r) {
                    out[static_cast<size_t>((b * tokens + t) * dim + h * head_dim + r)] =
                        summary[static_cast<size_t>(r)] / total;
                }
            }
        }
    }
    return out;
}

TEST(Lara, IsItsDefinition) {
    for (const char* device : {"cpu", "reference"}) {
        for (const bool training : {false, true}) {
            LayerSettings of_layer = settings();
            of_layer.device = device;
            TestLayer test(of_layer);
            Sequences x(batch, tokens, dim);
            x.lengths = {5, tokens};
            ForwardState state{.training = training, .seed = 8, .step = 3};
            std::vector<double> noise(heads * landmarks * head_dim, 0.0);
            RandomSequence sequence(random_key(8, RandomPurpose::hashing, ""), 3);
            for (double& each : noise) each = training ? static_cast<double>(sequence.normal()) : 0;
            const auto project = [&](const std::string& name, const definitions::Values& from) {
                return definitions::linear(from, wide(test.parameter(name + ".weight")),
                                           wide(test.parameter(name + ".bias")), dim, dim);
            };
            const definitions::Values in = wide(x.values);
            const definitions::Values wanted = project(
                "output", lara(project("query", in), project("key", in), project("value", in), {5, tokens}, noise));
            expect_close(test.run(x, state).output, wanted, 0, 1e-5, device);
        }
    }
}

TEST(Lara, HasTheGradientOfItsOutputInTraining) {
    TestLayer test(settings());
    expect_input_gradient(test, Sequences(1, tokens, dim), {.training = true, .seed = 8, .step = 3},
                          {.step = 1e-2f, .bound = 5e-3, .stride = 5});
}

TEST(Lara, DrawsAgainInEachStepAndNothingOutsideOfTraining) {
    TestLayer test(settings());
    const Sequences x(batch, tokens, dim);
    const std::vector<float> evaluated = test.run(x).output;
    ForwardState state{.training = true, .seed = 8, .step = 3};
    const std::vector<float> trained = test.run(x, state).output;
    EXPECT_EQ(test.run(x, state).output, trained);
    state.step = 4;
    EXPECT_GT(greatest_difference(test.run(x, state).output, trained), 1e-3);
    state.training = false;
    EXPECT_EQ(test.run(x, state).output, evaluated);
}

TEST(Lara, StaysFiniteWhereScoresAreGreat) {
    TestLayer test(settings());
    Sequences x(batch, tokens, dim);
    for (float& each : x.values) each *= 100;
    for (const bool training : {false, true}) {
        const LayerPass pass = test.run(x, {.training = training});
        for (const float each : pass.output) ASSERT_TRUE(std::isfinite(each) && std::abs(each) < 1e4F);
        for (const float each : pass.d_input) ASSERT_TRUE(std::isfinite(each));
    }
}

TEST(Lara, SaysWhatItComputes) {
    TestLayer test(settings(16));
    EXPECT_EQ(test.layer().remark(256, 256),
              "lara computes 16 features of each query and key, 12.5 % of the scores of sdpa");
    EXPECT_TRUE(
        contains(message_of<Error>([] { make_lara({.dim = 8, .heads = 2}, AttentionOptions{}); }), "options of lara"));
}

}  // namespace
}  // namespace heed::test::lara_test
