#include "heed/apps/support/training_cost.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "heed/attention/attention.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/datasets/batches/batch_order.h"
#include "heed/datasets/images/normalisation.h"
#include "heed/datasets/images/sets/registry.h"
#include "heed/datasets/text/sets/parallel_data_set.h"
#include "heed/datasets/text/sets/text_data_set.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/trainers/kinds/any_model.h"
#include "heed/trainers/kinds/data_kind.h"
#include "heed/trainers/loop/parameter_rules.h"
#include "heed/trainers/optimizers/optimizer_options.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/run/initial_weights.h"

namespace heed {
namespace {

std::vector<int32_t> repeated(int64_t count, int64_t value) {
    return std::vector<int32_t>(static_cast<size_t>(count), static_cast<int32_t>(value));
}

/// Logits of empty samples.
Variable forward_empty(const AnyModel& model, const DataFacts& facts, Context& context, int64_t count) {
    ForwardState state;
    state.training = true;
    const auto ids_of = [&](int64_t tokens) {
        return Tensor::from_host(context, {count, tokens}, std::span<const int32_t>(repeated(count * tokens, 0)));
    };
    const auto lengths_of = [&](int64_t tokens) {
        return Tensor::from_host(context, {count}, std::span<const int32_t>(repeated(count, tokens)));
    };
    if (model.translations) {
        const TranslationInput& input = facts.translation_input();
        const int64_t sources = input.max_source_tokens, targets = input.max_target_tokens;
        const Tensor lengths = lengths_of(sources);
        const Variable memory = model.translations->encode(ids_of(sources), lengths, state);
        const Variable logits =
            model.translations->decode(ids_of(targets), lengths_of(targets), memory, lengths, state);
        return reshape(logits, {count * targets, logits.shape()[-1]});
    }
    if (model.texts) {
        const int64_t tokens = facts.text_input().max_tokens;
        return model.texts->forward(ids_of(tokens), lengths_of(tokens), state);
    }
    const ImageShape& shape = facts.image_input().shape;
    return model.images->forward(Tensor::zeros(context, {count, shape.channels, shape.height, shape.width}), state);
}

/// Peak of the device memory of forward and backward over `count` samples, with all that a training keeps.
double peak_bytes(const Recipe& recipe, const DataFacts& facts, int64_t count) {
    Context context(recipe.options<GeneralOptions>("").device);
    const AnyModel model = make_model(recipe, facts);
    const auto own_store = make_parameter_store(recipe, context, model.module());
    ParameterStore& store = *own_store;
    const auto optimizer = recipe.options<OptimizerOptions>("optimizer").make_optimizer(store);
    store.begin_step();
    {
        const Variable logits = forward_empty(model, facts, context, count);
        const int64_t rows = logits.shape()[0];
        const Tensor targets = Tensor::from_host(context, {rows}, std::span<const int32_t>(repeated(rows, 0)));
        const CrossEntropyResult loss = cross_entropy(logits, targets, 0);
        context.tape().backward(loss.loss);
    }
    context.tape().clear();
    return static_cast<double>(context.allocator().peak_bytes());
}

void try_initial_weights(const Recipe& recipe, const DataFacts& facts) {
    Context context("cpu");
    const AnyModel model = make_model(recipe, facts);
    ParameterStore store(context, model.module(), 0);
    load_initial_weights(recipe, store);
}

int64_t without_validation(int64_t samples, double validation) {
    return samples - std::llround(static_cast<double>(samples) * validation);
}

std::optional<ExpectedData> expected_images(const Recipe& recipe) {
    const ImageDataSet& data = image_data_set(recipe.section("data").choice());
    const ImageDataOptions& options = recipe.options<ImageDataOptions>("data");
    const std::optional<ImageFacts> known = data.facts_with(options);
    if (!known) return std::nullopt;
    ExpectedData expected;
    expected.facts.name = data.name;
    expected.facts.class_names.resize(static_cast<size_t>(known->classes));
    expected.facts.images = ImageInput{known->shape, {options.mean, options.deviation}};
    expected.train_samples = without_validation(known->train_images, options.validation);
    try {
        PixelTable(expected.facts.images->normalisation, known->shape);
    } catch (const UserError& error) {
        throw UserError(recipe.placed(error.what()));
    }
    return expected;
}

/// Of the tokenizer's file, or the most that a trained one has.
int64_t expected_vocabulary(const TokenizerOptions& options) {
    return options.is_read() ? train_tokenizer(options, {})->vocabulary_size() : options.vocabulary;
}

std::optional<ExpectedData> expected_texts(const Recipe& recipe) {
    const TextDataSet& data = text_data_set(recipe.section("data").choice());
    const TextDataOptions& options = recipe.options<TextDataOptions>("data");
    if (!data.facts) return std::nullopt;
    ExpectedData expected;
    expected.facts.name = data.name;
    expected.facts.class_names = data.facts->class_names;
    TextInput input;
    const auto& tokenizer = recipe.options<TokenizerOptions>("tokenizer");
    input.vocabulary = expected_vocabulary(tokenizer);
    expected.vocabulary_is_limit = !tokenizer.is_read();
    input.max_tokens = options.length;
    expected.facts.texts = input;
    expected.train_samples = without_validation(data.facts->train_texts, options.validation);
    return expected;
}

ExpectedData expected_translations(const Recipe& recipe) {
    const auto& options = recipe.options<ParallelDataOptions>("data");
    const auto& tokenizer = recipe.options<TokenizerOptions>("tokenizer");
    ExpectedData expected;
    expected.facts.name = recipe.section("data").choice();
    TranslationInput input;
    input.source_vocabulary = input.target_vocabulary = expected_vocabulary(tokenizer);
    expected.vocabulary_is_limit = !tokenizer.is_read();
    input.max_source_tokens = options.length;
    input.max_target_tokens = options.length - 1;
    input.joint = options.joint_vocabulary;
    expected.facts.translations = input;
    return expected;
}

/// Samples of the greatest length that a batch holds.
int64_t samples_at_a_time(const Recipe& recipe, const DataFacts& facts) {
    if (!facts.translations) return recipe.number("data", "batch");
    const auto& options = recipe.options<ParallelDataOptions>("data");
    return std::max<int64_t>(1, options.tokens / options.length);
}

double machine_bytes() {
    return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
}

}  // namespace

std::optional<ExpectedData> expected_data(const Recipe& recipe) {
    if (data_kind_of(recipe) == data_kind::translations) return expected_translations(recipe);
    return data_kind_of(recipe) == data_kind::texts ? expected_texts(recipe) : expected_images(recipe);
}

TrainingCost training_cost(const Recipe& recipe, const ExpectedData& data) {
    constexpr int64_t few = 2, more = 4;
    constexpr double kept_values = 4;  // of each parameter: itself, its gradient, two moments
    const TrainOptions& train = recipe.options<TrainOptions>("train");
    const int64_t batch = samples_at_a_time(recipe, data.facts);
    const AnyModel model = make_model(recipe, data.facts);
    TrainingCost cost;
    cost.batch = data.train_samples > 0 ? std::min(batch, data.train_samples) : batch;
    cost.steps = train.steps;
    if (cost.steps == 0 && data.train_samples > 0) {
        cost.steps = train.epochs * batches_per_epoch(data.train_samples, batch * train.accumulate);
    }
    cost.parameters = model.module().parameter_count();
    if (model.translations) {
        const TranslationInput& input = data.facts.translation_input();
        cost.tokens = input.max_source_tokens;
        cost.multiplies = model.translations->multiplies(input.max_source_tokens, input.max_target_tokens);
    } else if (model.texts) {
        cost.tokens = model.texts->shape().attended(data.facts.texts->max_tokens);
        cost.multiplies = model.texts->multiplies(data.facts.texts->max_tokens);
    } else {
        cost.tokens = model.images->tokens();
        cost.multiplies = model.images->multiplies();
    }
    cost.attention = attention_remark(model.module(), cost.tokens);
    cost.bytes = static_cast<double>(cost.parameters) * kept_values * sizeof(float);
    cost.measured = cost.bytes < machine_bytes() / 2;
    if (!cost.measured) return cost;
    try_initial_weights(recipe, data.facts);
    const double base = peak_bytes(recipe, data.facts, few);
    const double slope = (peak_bytes(recipe, data.facts, more) - base) / static_cast<double>(more - few);
    cost.bytes = base + slope * static_cast<double>(cost.batch - few);
    return cost;
}

}  // namespace heed
