#include "heed/trainers/conversion/model_conversion.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "heed/core/error.h"
#include "heed/trainers/conversion/layer_recorder.h"

namespace heed {

namespace {

constexpr int64_t most_calibration_tokens = 65536;

std::string share_text(const std::optional<double>& share) {
    return share ? fmt::format("{:.4f}", *share) : "-";
}

/// Every parameter part by its name, those below attention layers left out.
std::map<std::string, Tensor> other_parts(Module& model) {
    std::set<Parameter*> of_attention;
    for (Attention* layer : attention_layers(model)) {
        for (Parameter* parameter : layer->parameters()) of_attention.insert(parameter);
    }
    std::map<std::string, Tensor> parts;
    for (Parameter* parameter : model.parameters()) {
        if (of_attention.contains(parameter)) continue;
        for (const ParameterPart& part : parameter->parts()) parts[part.name] = parameter->part_value(part);
    }
    return parts;
}

std::vector<std::vector<float>> parameter_values(Attention& layer) {
    std::vector<std::vector<float>> values;
    for (Parameter* parameter : layer.parameters()) values.push_back(parameter->value().to_vector());
    return values;
}

void set_parameter_values(Attention& layer, const std::vector<std::vector<float>>& values) {
    for (size_t i = 0; Parameter * parameter : layer.parameters()) {
        Tensor value = parameter->value();
        value.copy_from_host(values[i++].data());
    }
}

/// What a line of the table says of the weights behind the figures.
std::string weights_text(const LayerFit& fit) {
    if (fit.exact) return "  same weights";
    if (!fit.kept) return "  nothing kept: a fresh layer";
    std::string text;
    for (const std::string& name : fit.fresh) text += (text.empty() ? "  fresh: " : ", ") + name;
    return text;
}

}  // namespace

std::vector<std::string> ModelConversion::lines() const {
    size_t width = 5, types = 4;
    const auto swap_of = [](const ConvertedLayer& layer) { return layer.from + " -> " + layer.to; };
    for (const ConvertedLayer& layer : layers) {
        width = std::max(width, layer.name.size());
        types = std::max(types, swap_of(layer).size());
    }
    std::vector<std::string> lines = {fmt::format("{:<{}}  {:<{}}  {:>8}  {:>10}{}", "layer", width, "type", types,
                                                  "keys R2", "outputs R2",
                                                  align > 0 ? "   stream R2  aligned R2" : "")};
    for (const ConvertedLayer& layer : layers) {
        lines.push_back(fmt::format(
            "{:<{}}  {:<{}}  {:>8}  {:>10}{}{}", layer.name, width, swap_of(layer), types, share_text(layer.fit.key_r2),
            share_text(layer.fit.output_r2),
            align > 0 ? fmt::format("  {:>10}  {:>10}", share_text(layer.stream_r2), share_text(layer.aligned_r2)) : "",
            weights_text(layer.fit)));
    }
    return lines;
}

Converter::Converter(Module& old, Module& now, ParameterStore& store) : old_(old), now_(now), store_(store) {
    copy_other_parameters(old, now);
    const std::vector<Attention*> before = attention_layers(old), after = attention_layers(now);
    if (before.size() != after.size()) throw Error("models that are converted have not as many attention layers");
    for (size_t i = 0; i < before.size(); ++i) {
        if (before[i]->geometry().heads != after[i]->geometry().heads) {
            throw UserError(fmt::format("the attention cannot be swapped: {} has {} heads before and {} after",
                                        after[i]->name(), before[i]->geometry().heads, after[i]->geometry().heads));
        }
        if (before[i]->type() != after[i]->type()) {
            changed_.push_back({before[i], after[i]});
        } else {
            fit_layer(*before[i], *after[i], {});
        }
    }
}

void Converter::copy_other_parameters(Module& old, Module& now) {
    const std::map<std::string, Tensor> from = other_parts(old);
    const std::map<std::string, Tensor> to = other_parts(now);
    for (const auto& [name, value] : to) {
        const auto found = from.find(name);
        if (found == from.end()) {
            throw UserError("the attention alone can be swapped, but " + name + " is new in the model");
        }
        if (found->second.shape() != value.shape()) {
            throw UserError(fmt::format("the attention alone can be swapped, but {} was {} and is {}", name,
                                        found->second.shape().to_string(), value.shape().to_string()));
        }
        Tensor target = value;
        target.copy_from(found->second);
    }
    for (const auto& [name, value] : from) {
        if (!to.contains(name)) {
            throw UserError("the attention alone can be swapped, but " + name + " has no place in the model");
        }
    }
}

ModelConversion Converter::run() {
    ModelConversion conversion;
    for (const SwappedLayer& pair : changed_) {
        conversion.layers.push_back(
            {pair.now->name(), pair.old->type(), pair.now->type(), fit_layer(*pair.old, *pair.now, {}), {}, {}});
    }
    return conversion;
}

ModelConversion Converter::run(Task& task, int64_t batch, uint64_t seed, const ConvertOptions& options) {
    ModelConversion conversion = run();
    if (changed_.empty() || options.calibration == 0) return conversion;
    for (size_t i = 0; i < changed_.size(); ++i) {
        const LayerInputs inputs =
            inputs_of(changed_[i].now->name(), task, batch, seed, options.calibration, conversion.samples);
        conversion.layers[i].fit = fit_layer(*changed_[i].old, *changed_[i].now, inputs);
    }
    if (options.align > 0) align(task, batch, seed, options, conversion);
    return conversion;
}

LayerInputs Converter::inputs_of(const std::string& layer, Task& task, int64_t batch, uint64_t seed, int64_t samples,
                                 int64_t& seen) const {
    LayerRecorder recorder({layer});
    seen = 0;
    // None twice: those that are kept out of the fits would be among those that are fitted.
    const int64_t most = std::min(samples, task.samples(Split::train));
    task.show_training(batch, seed, recorder, [&](int64_t count) {
        seen += count;
        return seen < most && recorder.tokens(layer) < most_calibration_tokens;
    });
    return recorder.inputs(layer);
}

void Converter::align(Task& task, int64_t batch, uint64_t seed, const ConvertOptions& options,
                      ModelConversion& conversion) {
    std::vector<std::vector<std::vector<float>>> fitted;
    for (const SwappedLayer& layer : changed_) fitted.push_back(parameter_values(*layer.now));
    StreamAlignment alignment(old_, now_, changed_, store_);
    const auto r2 = [&] { return alignment.r2(task, batch, seed, options.calibration); };
    const std::vector<double> before = r2();
    alignment.run(task, batch, seed, options.align, options.align_lr);
    std::vector<double> after = r2();
    const auto sum = [](const std::vector<double>& values) {
        return std::accumulate(values.begin(), values.end(), 0.0);
    };
    if (!(sum(after) >= sum(before))) {
        for (size_t i = 0; i < changed_.size(); ++i) set_parameter_values(*changed_[i].now, fitted[i]);
        after = before;
    }
    conversion.align = options.align;
    for (size_t i = 0; i < changed_.size(); ++i) {
        conversion.layers[i].stream_r2 = before[i];
        conversion.layers[i].aligned_r2 = after[i];
    }
}

}  // namespace heed
