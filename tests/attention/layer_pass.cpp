#include "heed/tests/attention/layer_pass.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "heed/tests/support/bf16_values.h"
#include "heed/tests/support/kernel_paths.h"

namespace heed::test {

Sequences::Sequences(int64_t samples, int64_t length, int64_t width, uint32_t seed)
    : batch(samples), tokens(length), dim(width), values(numbers(samples * length * width, seed)) {}

Sequences Sequences::part(int64_t first, int64_t count, int64_t keep) const {
    Sequences result = *this;
    result.batch = count;
    result.tokens = keep > 0 ? keep : tokens;
    result.values.clear();
    for (int64_t sample = first; sample < first + count; ++sample) {
        const auto begin = values.begin() + sample * tokens * dim;
        result.values.insert(result.values.end(), begin, begin + result.tokens * dim);
    }
    if (!lengths.empty()) result.lengths.assign(lengths.begin() + first, lengths.begin() + first + count);
    return result;
}

TestLayer::TestLayer(const LayerSettings& settings)
    : TestLayer(settings, std::make_shared<Context>(settings.device, settings.precision)) {}

TestLayer::TestLayer(const LayerSettings& settings, TestLayer& other) : TestLayer(settings, other.own_context_) {}

TestLayer::TestLayer(const LayerSettings& settings, std::shared_ptr<Context> context)
    : own_context_(std::move(context)), context_(*own_context_), dtype_(settings.dtype) {
    const AttentionType& type = attention_type(settings.type);
    options_ = type.make_options();
    auto& options = dynamic_cast<AttentionOptions&>(*options_);
    options.bias = settings.bias;
    options.dropout = settings.dropout;
    if (settings.configure) settings.configure(options);
    layer_ = AttentionChoice{&type, &options}.make({.dim = settings.dim,
                                                    .heads = settings.heads,
                                                    .pattern = settings.pattern,
                                                    .max_tokens = settings.max_tokens,
                                                    .max_source_tokens = settings.max_source_tokens,
                                                    .rotary_base = settings.rotary_base});
    store_ = std::make_unique<ParameterStore>(context_, *layer_, 1);
    for (Parameter* parameter : store_->parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            uint32_t seed = 100;
            for (char c : part.name) seed = seed * 31 + static_cast<uint8_t>(c);
            Tensor value = parameter->part_value(part);
            value.copy_from_host(numbers(value.elements(), seed, 0.5f).data());
        }
    }
}

Tensor TestLayer::part_of(const std::string& name) const {
    for (Parameter* parameter : store_->parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            if (part.name == name) return parameter->part_value(part);
        }
    }
    throw std::runtime_error("the layer has no parameter " + name);
}

std::vector<float> TestLayer::parameter(const std::string& name) const {
    return part_of(name).to_vector();
}

std::vector<float> TestLayer::output_bias() const {
    for (Parameter* parameter : store_->parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            if (part.name == "output.bias") return parameter->part_value(part).to_vector();
        }
    }
    return std::vector<float>(static_cast<size_t>(layer_->geometry().dim), 0.0f);
}

void TestLayer::set_parameter(const std::string& name, const std::vector<float>& values) {
    Tensor part = part_of(name);
    if (part.elements() != static_cast<int64_t>(values.size())) throw std::runtime_error("another size: " + name);
    part.copy_from_host(values.data());
}

Tensor TestLayer::on_device(const Sequences& x) {
    const Shape shape = {x.batch, x.tokens, x.dim};
    return dtype_ == DType::bf16 ? bf16_tensor(context_, shape, x.values)
                                 : Tensor::from_host(context_, shape, x.values);
}

AttentionMask TestLayer::mask_of(const LayerInput& input) {
    const Sequences& keys = input.keys();
    if (keys.lengths.empty()) return {};
    return {Tensor::from_host(context_, {keys.batch}, std::span<const int32_t>(keys.lengths))};
}

LayerPass TestLayer::run(const LayerInput& input, const ForwardState& state, const std::vector<float>& d_output) {
    store_->begin_step();
    LayerPass pass;
    {
        Variable query = context_.tape().leaf(on_device(input.query)), source;
        if (input.source) source = context_.tape().leaf(on_device(*input.source));
        Variable output = layer_->forward({query, source, mask_of(input)}, state);
        pass.output = output.value().to_vector();
        const std::vector<float> seed = d_output.empty() ? numbers(output.value().elements(), 77) : d_output;
        if (context_.tape().records(output)) {
            context_.tape().backward(output, Tensor::from_host(context_, output.shape(), seed));
        }
        // Where no gradient flows there is none, as in a layer whose output is always 0.
        const auto gradient_of = [](const Variable& leaf) {
            return leaf.slot()->defined() ? leaf.slot()->gradient().to_vector()
                                          : std::vector<float>(static_cast<size_t>(leaf.value().elements()), 0.0f);
        };
        pass.d_input = gradient_of(query);
        if (input.source) pass.d_source = gradient_of(source);
    }
    context_.tape().clear();
    store_->finish_gradients();
    for (Parameter* parameter : store_->parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            pass.d_parameters[part.name] =
                parameter->gradient_slot().gradient().slice(part.first_row, part.rows).to_vector();
        }
    }
    return pass;
}

AttentionInput TestLayer::constants(const LayerInput& input) {
    return {Variable(on_device(input.query)), input.source ? Variable(on_device(*input.source)) : Variable(),
            mask_of(input)};
}

std::vector<float> TestLayer::weights(const LayerInput& input) {
    return layer_->weights(constants(input)).to_vector();
}

double greatest_difference(const std::vector<float>& a, const std::vector<float>& b, size_t begin, size_t end) {
    if (end == 0) end = a.size();
    if (a.size() != b.size() || end > a.size()) return std::numeric_limits<double>::infinity();
    double greatest = 0;
    for (size_t i = begin; i < end; ++i) {
        const double difference = std::abs(static_cast<double>(a[i]) - b[i]);
        if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
        greatest = std::max(greatest, difference);
    }
    return greatest;
}

double relative_difference(const std::vector<float>& a, const std::vector<float>& b, size_t begin, size_t end) {
    return greatest_difference(a, b, begin, end) / scale_of({b.begin(), b.end()});
}

void expect_input_gradient(TestLayer& test, Sequences x, const ForwardState& state, const DifferenceBound& difference) {
    const std::vector<float> weighting = numbers(static_cast<int64_t>(x.values.size()), 77);
    const LayerPass pass = test.run(x, state, weighting);
    const auto weighted = [&] {
        const std::vector<float> output = test.run(x, state).output;
        double sum = 0;
        for (size_t i = 0; i < output.size(); ++i) sum += static_cast<double>(weighting[i]) * output[i];
        return sum;
    };
    for (size_t i = 0; i < x.values.size(); i += difference.stride) {
        const float before = x.values[i];
        x.values[i] = before + difference.step;
        const double more = weighted();
        x.values[i] = before - difference.step;
        const double less = weighted();
        x.values[i] = before;
        EXPECT_NEAR((more - less) / (2.0 * difference.step), pass.d_input[i],
                    difference.bound * (1 + std::abs(pass.d_input[i])))
            << i;
    }
}

bool has_setting(const AttentionType& type, const std::string& name) {
    const std::unique_ptr<Options> options = type.make_options();
    Fields fields;
    options->describe(fields);
    return fields.find(name) != nullptr;
}

void cut_short_sequences(AttentionOptions& options) {
    const std::pair<const char*, const char*> sizes[] = {{"cluster", "2"}, {"block", "3"},     {"window", "2"},
                                                         {"slots", "3"},   {"landmarks", "3"}, {"chunk", "2"},
                                                         {"factor", "1"}};
    Fields fields;
    options.describe(fields);
    for (const auto& [name, size] : sizes) {
        if (Field* field = fields.find(name)) field->set_from_text(size);
    }
}

}  // namespace heed::test
