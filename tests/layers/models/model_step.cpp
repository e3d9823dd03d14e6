#include "heed/tests/layers/models/model_step.h"

#include "heed/attention/smyrf/smyrf_attention.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/layers/models/translator.h"
#include "heed/layers/models/vit.h"
#include "heed/tests/layers/models/formula_texts.h"

namespace heed::test {

std::unique_ptr<Options> short_attention_options(const AttentionType& type) {
    std::unique_ptr<Options> options = type.make_options();
    if (auto* smyrf = dynamic_cast<SmyrfOptions*>(options.get())) {
        smyrf->cluster = 2;
        smyrf->block = 4;
    }
    return options;
}

ModelStep model_step(Context& context, Module& model, const ModelSettings& settings,
                     const std::function<Variable(const ForwardState&)>& forward) {
    const std::string& frozen = settings.frozen;
    ParameterStore store(context, model, 1,
                         [&](const std::string& name) { return !frozen.empty() && name.starts_with(frozen); });
    set_formula_values(store);
    ModelStep step;
    store.begin_step();
    for (int part = 0; part < 2; ++part) {
        context.allocator().reset_peak();
        const Variable logits =
            forward({.training = true, .seed = 3, .step = 5, .first_sample = 2, .observer = settings.observer});
        step.kept_bytes = context.allocator().bytes_in_use();
        step.logits = logits.value().to_vector();
        const std::vector<int32_t> ones(static_cast<size_t>(logits.shape()[0]), 1);
        const Tensor targets = Tensor::from_host(context, {logits.shape()[0]}, std::span<const int32_t>(ones));
        context.tape().backward(cross_entropy(logits, targets, 0.0f).loss);
        step.peak_bytes = context.allocator().peak_bytes();
        context.tape().clear();
    }
    store.finish_gradients();
    for (const ParameterGroup& group : store.groups()) {
        if (!group.trainable) continue;
        const std::vector<float> values = group.gradients.to_vector();
        step.gradients.insert(step.gradients.end(), values.begin(), values.end());
    }
    return step;
}

ModelStep vit_step(Context& context, const ModelSettings& settings) {
    VitOptions options;
    set_model_options(options, settings);
    options.depth = settings.depth;
    options.drop_path = 0.3;
    const AttentionType& type = attention_type(settings.type);
    const auto attention = short_attention_options(type);
    const auto model = make_vit(options, {&type, &dynamic_cast<const AttentionOptions&>(*attention)}, {2, 8, 12, 5});
    const Shape shape{4, 2, 8, 12};
    return model_step(context, *model, settings, [&](const ForwardState& state) {
        return model->forward(Tensor::from_host(context, shape, numbers(shape.elements(), 3)), state);
    });
}

ModelStep translator_step(Context& context, const ModelSettings& settings) {
    TranslatorOptions options;
    set_model_options(options, settings);
    options.encoder_depth = settings.depth - 1;
    options.decoder_depth = settings.depth;
    const AttentionType& type = attention_type(settings.type);
    const auto attention = short_attention_options(type);
    const AttentionChoice choice{&type, &dynamic_cast<const AttentionOptions&>(*attention)};
    const auto model = make_translator(
        options, {choice, choice, choice},
        {.source_vocabulary = 17, .target_vocabulary = 19, .max_source_tokens = 8, .max_target_tokens = 6});
    const FormulaTexts source({8, 3, 5}, 8, 17), target({2, 6, 4}, 6, 19, 2);
    return model_step(context, *model, settings, [&](const ForwardState& state) {
        const Tensor lengths = source.lengths_on(context);
        const Variable encoded = model->encode(source.ids_on(context), lengths, state);
        const Variable logits =
            model->decode(target.ids_on(context), target.lengths_on(context), encoded, lengths, state);
        return reshape(logits, {logits.shape().rows(), logits.shape()[-1]});
    });
}

}  // namespace heed::test
