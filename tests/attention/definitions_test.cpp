// ctest: cuda
#include <gtest/gtest.h>

#include <cmath>

#include "heed/tests/attention/layer_pass.h"
#include "heed/tests/definitions/attention/attention_types.h"
#include "heed/tests/support/devices.h"
#include "heed/tests/support/kernel_paths.h"

// Whole layers against their definitions in double precision: outputs, and gradients against central differences of the
// definition, in every pattern, on every device.

namespace heed::test::definitions_test {
namespace {

struct Use {
    const definitions::AttentionDefinition* definition;
    AttentionPattern pattern;
    bool padded;
};

constexpr int64_t batch = 2, dim = 6, heads = 2, tokens = 5, source_tokens = 6, longest = 7;

definitions::Values wide(const std::vector<float>& values) {
    return {values.begin(), values.end()};
}

class AttentionDefinitions : public testing::TestWithParam<Use> {};

TEST_P(AttentionDefinitions, GiveTheOutputsAndGradientsOfTheLayer) {
    const Use& use = GetParam();
    LayerInput x{Sequences(batch, tokens, dim)};
    if (is_cross(use.pattern)) x.source = Sequences(batch, source_tokens, dim, 2);
    if (use.padded) x.keys().lengths = {3, 5};

    definitions::Attention sizes{.batch = batch,
                                 .heads = heads,
                                 .queries = tokens,
                                 .keys = x.keys().tokens,
                                 .head_dim = dim / heads,
                                 .key_lengths = {x.keys().lengths.begin(), x.keys().lengths.end()},
                                 .causal = use.pattern == AttentionPattern::causal_self,
                                 .random = {}};
    for (const bool bias : {true, false}) {
        for (const char* device : computing_devices()) {
            if (!bias && device == std::string("cuda")) continue;  // emulated, it takes long
            SCOPED_TRACE(std::string(device) + (bias ? ", with biases" : ""));
            LayerSettings settings;
            settings.type = use.definition->type;
            settings.configure = [&](AttentionOptions& options) {
                Fields fields;
                options.describe(fields);
                for (const auto& [name, value] : use.definition->settings) {
                    EXPECT_EQ(fields.find(name)->set_from_text(value), "");
                }
            };
            settings.device = device;
            settings.pattern = use.pattern;
            settings.dim = dim;
            settings.heads = heads;
            settings.bias = bias;
            settings.max_tokens = settings.max_source_tokens = longest;
            TestLayer layer(settings);
            const std::vector<float> weighting = numbers(batch * tokens * dim, 77);
            const LayerPass pass = layer.run(x, {}, weighting);

            definitions::AttentionParameters parameters;
            for (const auto& [name, gradient] : pass.d_parameters) parameters[name] = wide(layer.parameter(name));
            definitions::Values query = wide(x.query.values), source = wide(x.keys().values);
            const auto define = [&] {
                return use.definition->layer(query, x.source ? source : query, parameters, sizes);
            };
            const definitions::Values wanted = define();
            ASSERT_EQ(wanted.size(), pass.output.size());
            for (size_t i = 0; i < wanted.size(); ++i)
                ASSERT_NEAR(pass.output[i], wanted[i], 2e-6 * scale_of(wanted)) << i;

            const auto expect_gradient = [&](definitions::Values& values, const std::vector<float>& gradient,
                                             const std::string& name) {
                ASSERT_EQ(values.size(), gradient.size()) << name;
                for (size_t i = 0; i < values.size(); ++i) {
                    const double value = values[i];
                    double slope = 0;
                    for (const double step : {1e-5, -1e-5}) {
                        values[i] = value + step;
                        const definitions::Values moved = define();
                        for (size_t o = 0; o < moved.size(); ++o) slope += weighting[o] * moved[o] / (2 * step);
                    }
                    values[i] = value;
                    ASSERT_NEAR(gradient[i], slope, 1e-5 * (1 + std::abs(slope))) << name << " " << i;
                }
            };
            expect_gradient(query, pass.d_input, "query");
            if (x.source) expect_gradient(source, pass.d_source, "source");
            for (const auto& [name, gradient] : pass.d_parameters) expect_gradient(parameters[name], gradient, name);
        }
    }
}

TEST(DefinitionsOfAttention, EveryTypeHasOne) {
    const auto definitions = definitions::attention_definitions();
    ASSERT_EQ(definitions.size(), attention_types().size()) << "tests/definitions/attention/attention_types.cpp";
    for (size_t i = 0; i < definitions.size(); ++i) EXPECT_EQ(definitions[i].type, attention_types()[i].name);
}

std::vector<Use> uses() {
    std::vector<Use> result;
    for (const definitions::AttentionDefinition& definition : definitions::attention_definitions()) {
        if (definition.layer == nullptr) continue;
        for (const AttentionPattern pattern : {AttentionPattern::noncausal_self, AttentionPattern::causal_self,
                                               AttentionPattern::noncausal_cross, AttentionPattern::causal_cross}) {
            if (!attention_type(definition.type).capabilities.can(pattern)) continue;
            for (const bool padded : {false, true}) result.push_back({&definition, pattern, padded});
        }
    }
    return result;
}

const auto name_of = [](const auto& use) {
    std::string name = use.param.definition->type + "_" + attention_pattern_name(use.param.pattern);
    for (char& c : name) c = c == ' ' || c == '-' ? '_' : c;
    return name + (use.param.padded ? "_padded" : "");
};
INSTANTIATE_TEST_SUITE_P(Types, AttentionDefinitions, testing::ValuesIn(uses()), name_of);

}  // namespace
}  // namespace heed::test::definitions_test
