#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "heed/attention/registry.h"
#include "heed/core/device/context.h"
#include "heed/core/module/parameter_store.h"

namespace heed::test {

/// What an attention layer of a test is made of.
struct LayerSettings {
    std::string type = "sdpa";
    std::string device = "cpu";
    AttentionPattern pattern = AttentionPattern::noncausal_self;
    int64_t dim = 12;
    int64_t heads = 3;
    int64_t max_tokens = 0;
    int64_t max_source_tokens = 0;
    double rotary_base = 0.0;
    bool bias = true;
    double dropout = 0.0;
    Precision precision = Precision::f32;
    DType dtype = DType::f32;  ///< of queries and sources
    /// Sets what is particular to the type.
    std::function<void(AttentionOptions&)> configure = {};
};

/// A batch of sequences [batch, tokens, dim], and how many of the tokens are real (empty: all).
struct Sequences {
    int64_t batch = 0;
    int64_t tokens = 0;
    int64_t dim = 0;
    std::vector<float> values;
    std::vector<int32_t> lengths;

    /// Values from an integer formula.
    Sequences(int64_t batch, int64_t tokens, int64_t dim, uint32_t seed = 1);

    float* token(int64_t sample, int64_t token) { return values.data() + (sample * tokens + token) * dim; }
    /// The samples first .. first + count - 1 alone, cut to `keep` tokens (0: all).
    Sequences part(int64_t first, int64_t count, int64_t keep = 0) const;
};

/// What a layer works on: one batch of sequences, in cross-attention two. The lengths are those of keys().
struct LayerInput {
    Sequences query;
    std::optional<Sequences> source = std::nullopt;

    LayerInput(Sequences self) : query(std::move(self)) {}
    LayerInput(Sequences target, Sequences from) : query(std::move(target)), source(std::move(from)) {}

    /// Where keys and values come from.
    Sequences& keys() { return source ? *source : query; }
    const Sequences& keys() const { return source ? *source : query; }
};

/// What came out of a forward and a backward pass.
struct LayerPass {
    std::vector<float> output;    ///< [batch, tokens, dim]
    std::vector<float> d_input;   ///< [batch, tokens, dim]
    std::vector<float> d_source;  ///< [batch, source tokens, dim] in cross-attention

    /// The gradient of LayerInput::keys().
    const std::vector<float>& d_keys() const { return d_source.empty() ? d_input : d_source; }

    std::map<std::string, std::vector<float>> d_parameters;  ///< by name
};

/// An attention layer with its parameters, all of them (biases too) from an integer formula of their names.
class TestLayer {
public:
    explicit TestLayer(const LayerSettings& settings);
    /// With the context of another, so that both can work on the same tensors.
    TestLayer(const LayerSettings& settings, TestLayer& other);

    Attention& layer() { return *layer_; }
    Context& context() { return context_; }

    std::vector<float> parameter(const std::string& name) const;
    /// The bias of the output, zeros where there is none: what the layer gives a query without keys.
    std::vector<float> output_bias() const;
    void set_parameter(const std::string& name, const std::vector<float>& values);

    /// Forward, then backward with the gradient `d_output` (empty: from a formula).
    LayerPass run(const LayerInput& input, const ForwardState& state = {}, const std::vector<float>& d_output = {});
    /// Attention weights, [batch, heads, tokens, keys].
    std::vector<float> weights(const LayerInput& input);
    /// What the layer works on, as constants.
    AttentionInput constants(const LayerInput& input);
    ParameterStore& store() { return *store_; }

private:
    Tensor part_of(const std::string& name) const;
    Tensor on_device(const Sequences& x);
    AttentionMask mask_of(const LayerInput& input);

    TestLayer(const LayerSettings& settings, std::shared_ptr<Context> context);

    std::shared_ptr<Context> own_context_;
    Context& context_;
    DType dtype_;
    std::unique_ptr<Options> options_;
    std::unique_ptr<Attention> layer_;
    std::unique_ptr<ParameterStore> store_;
};

/// The steps of central differences, and how far a gradient may be from them, relative to 1 + its size.
struct DifferenceBound {
    float step = 1e-2f;
    double bound = 5e-3;
    size_t stride = 1;  ///< from one checked number of the input to the next
};

/// Expects the gradient of a weighted sum of the layer's outputs by its input to be that of central differences.
void expect_input_gradient(TestLayer& test, Sequences x, const ForwardState& state, const DifferenceBound& difference);

/// True where that type has a setting of that name.
bool has_setting(const AttentionType& type, const std::string& name);

/// Sets the options of a type that cuts its tokens into clusters, windows or segments so that the short sequences of
/// tests are cut; a `configure` of LayerSettings.
void cut_short_sequences(AttentionOptions& options);

/// Greatest |a[i] - b[i]| over i in [begin, end) (end 0: all); infinity where either is no number or the sizes differ.
double greatest_difference(const std::vector<float>& a, const std::vector<float>& b, size_t begin = 0, size_t end = 0);
/// The same over the greatest |b[i]| of all, which counts as at least 1, the size of what the tests put in.
double relative_difference(const std::vector<float>& a, const std::vector<float>& b, size_t begin = 0, size_t end = 0);

}  // namespace heed::test
