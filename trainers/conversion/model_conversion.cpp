#include "heed/trainers/conversion/model_conversion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <set>

#include "heed/attention/conversion/attention_weights.h"
#include "heed/attention/conversion/token_rows.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/trainers/conversion/layer_recorder.h"
#include "heed/trainers/optimizers/adam.h"

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

}  // namespace

std::vector<std::string> ModelConversion::lines() const {
    size_t width = 5, types = 4;
    const auto swap_of = [](const ConvertedLayer& layer) { return layer.from + " -> " + layer.to; };
    for (const ConvertedLayer& layer : layers) {
        width = std::max(width, layer.name.size());
        types = std::max(types, swap_of(layer).size());
    }
    std::vector<std::string> lines = {fmt::format("{:<{}}  {:<{}}  {:>8}  {:>10}{}", "layer", width, "type", types,
                                                  "keys R2", "outputs R2", align > 0 ? "  aligned R2" : "")};
    for (const ConvertedLayer& layer : layers) {
        lines.push_back(fmt::format("{:<{}}  {:<{}}  {:>8}  {:>10}{}{}", layer.name, width, swap_of(layer), types,
                                    share_text(layer.fit.key_r2), share_text(layer.fit.output_r2),
                                    align > 0 ? fmt::format("  {:>10}", share_text(layer.aligned_r2)) : "",
                                    layer.fit.exact ? "  same weights" : ""));
    }
    return lines;
}

Converter::Converter(Module& old, Module& now, ParameterStore& store) : store_(store) {
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
    for (const Pair& pair : changed_) {
        conversion.layers.push_back(
            {pair.now->name(), pair.old->type(), pair.now->type(), fit_layer(*pair.old, *pair.now, {}), {}});
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
    if (options.align == 0) return conversion;
    std::vector<AttentionWeights> fitted;
    for (const Pair& pair : changed_) fitted.push_back(AttentionWeights::of(*pair.now));
    align(task, batch, seed + 1, options);
    conversion.align = options.align;
    for (size_t i = 0; i < changed_.size(); ++i) {
        const LayerInputs inputs =
            inputs_of(changed_[i].now->name(), task, batch, seed, options.calibration, conversion.samples);
        ConvertedLayer& layer = conversion.layers[i];
        layer.aligned_r2 = output_r2(*changed_[i].old, *changed_[i].now, inputs);
        if (layer.aligned_r2 >= layer.fit.output_r2) continue;
        fitted[i].copy_to(*changed_[i].now);
        layer.aligned_r2 = output_r2(*changed_[i].old, *changed_[i].now, inputs);
    }
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

void Converter::take_gradients(LayerRecorder& recorder) {
    store_.begin_step();
    Context& context = store_.context();
    for (const Pair& pair : changed_) {
        for (const AttentionInput& input : recorder.inputs(pair.now->name())) {
            const TokenRows target = layer_rows(*pair.old, input);
            if (target.rows() == 0) continue;
            const Variable output = pair.now->forward(input, {});
            const std::vector<int64_t> counts = query_counts(input);
            const TokenRows error = real_rows(output.value(), counts) - target;
            const float variation = (target.rowwise() - target.colwise().mean()).squaredNorm();
            const TokenRows gradient = error * (2.0f / std::max(variation, 1e-20f));
            context.tape().backward(output, spread_rows(context, gradient, counts, output.shape()));
            context.tape().clear();
        }
    }
    store_.finish_gradients();
}

void Converter::align(Task& task, int64_t batch, uint64_t seed, const ConvertOptions& options) {
    std::vector<std::string> names;
    for (const Pair& pair : changed_) names.push_back(pair.now->name());
    LayerRecorder recorder(names);
    // No weight decay: parameters without a gradient, all but those of the layers, stay as they are to the bit.
    const std::unique_ptr<Optimizer> optimizer = AdamOptions().make_optimizer(store_);
    int64_t step = 0;
    task.show_training(batch, seed, recorder, [&](int64_t) {
        ++step;
        take_gradients(recorder);
        recorder.clear();
        const double done = static_cast<double>(step - 1) / static_cast<double>(options.align);
        optimizer->step(step, options.align_lr * 0.5 * (1.0 + std::cos(std::numbers::pi * done)), 1.0);
        return step < options.align;
    });
}

}  // namespace heed
