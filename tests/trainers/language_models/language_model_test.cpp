#include "heed/layers/models/language_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "heed/attention/registry.h"
#include "heed/core/error.h"
#include "heed/core/module/parameter_store.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/random/random.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/trainers/loop/step_totals.h"
#include "heed/trainers/decoding/log_probabilities.h"
#include "heed/trainers/decoding/token_sampling.h"
#include "heed/trainers/language_models/language_task.h"
#include "heed/trainers/language_models/masking.h"
#include "heed/trainers/language_models/text_continuation.h"

namespace heed::test::language_model_test {
namespace {

constexpr int64_t vocabulary = 11, context_tokens = 12;

/// Tokens that depend on those before them.
std::vector<int32_t> formula_ids(int64_t count, int32_t seed = 1) {
    std::vector<int32_t> ids = {seed % static_cast<int32_t>(vocabulary)};
    while (std::ssize(ids) < count) {
        ids.push_back(static_cast<int32_t>((ids.back() * 7 + 3 * std::ssize(ids) + seed) % vocabulary));
    }
    return ids;
}

/// A model with random weights, large enough that positions and earlier tokens count.
struct SmallModel {
    explicit SmallModel(const std::string& type = "sdpa", LanguageModelOptions options = {}, double dropout = 0.0) {
        options.dim = 16;
        options.depth = 2;
        options.heads = 2;
        options.mlp_dim = 24;
        options.dropout = options.embedding_dropout = dropout;
        attention = attention_type(type).make_options();
        const AttentionChoice choice = {&attention_type(type), dynamic_cast<AttentionOptions*>(attention.get())};
        model = make_language_model(options, choice, {vocabulary, context_tokens});
        store = std::make_unique<ParameterStore>(context, *model, 5);
    }

    /// Logits of what follows these tokens, without a cache.
    std::vector<float> logits_after(std::span<const int32_t> ids) {
        const NoGradient guard(context);
        const auto count = static_cast<int32_t>(ids.size());
        const Tensor tensor = Tensor::from_host(context, {1, count}, ids);
        const Tensor length = Tensor::from_host(context, {1}, std::span<const int32_t>(&count, 1));
        const std::vector<float> all = model->forward(tensor, length, {}).value().to_vector();
        return {all.end() - vocabulary, all.end()};
    }

    Context context{"cpu"};
    std::unique_ptr<Options> attention;
    std::unique_ptr<LanguageModel> model;
    std::unique_ptr<ParameterStore> store;
};

double largest(const std::vector<float>& values) {
    double result = 0.0;
    for (const float value : values) result = std::max(result, std::abs(static_cast<double>(value)));
    return result;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
    double result = 0.0;
    for (size_t i = 0; i < a.size(); ++i) result = std::max(result, std::abs(static_cast<double>(a[i]) - b[i]));
    return result;
}

TEST(LanguageModel, GoesOnAsWithoutACacheWithEveryCausalType) {
    for (const AttentionType& type : attention_types()) {
        if (!type.capabilities.causal_self) continue;
        LanguageModelOptions options;
        options.positions = type.capabilities.rotary ? "rotary" : "learned";
        SmallModel small(type.name, options);
        for (const int64_t window : {int64_t{1}, int64_t{5}, context_tokens}) {
            TextContinuation text(small.context, *small.model, window);
            const std::vector<int32_t> ids = formula_ids(context_tokens + 8);
            text.add(std::span(ids).first(4));
            size_t given = 4;
            for (; given < ids.size(); ++given) {
                const std::vector<float> expected = small.logits_after(text.visible());
                EXPECT_LT(distance(text.logits(), expected), 1e-5 * largest(expected))
                    << type.name << " after " << given << " tokens, window " << window;
                text.add(std::span(ids).subspan(given, 1));
            }
            EXPECT_EQ(std::ssize(text.ids()), context_tokens + 8);
            EXPECT_LE(std::ssize(text.visible()), context_tokens);
        }
    }
}

TEST(LanguageModel, HasRotaryPositionsWhereTheAttentionCan) {
    LanguageModelOptions rotary;
    rotary.positions = "rotary";
    SmallModel near("sdpa", rotary);
    rotary.rotary_base = 2.0;
    SmallModel far("sdpa", rotary);
    SmallModel learned;
    EXPECT_EQ(learned.model->parameter_count() - near.model->parameter_count(), 16 * context_tokens);
    const std::vector<int32_t> ids = formula_ids(6);
    EXPECT_GT(distance(near.logits_after(ids), far.logits_after(ids)), 1e-3 * largest(near.logits_after(ids)));
    EXPECT_TRUE(contains(message_of<UserError>([&] { SmallModel("s4d", rotary); }),
                         "attention type 's4d' cannot have rotary positions (model.positions=rotary)"));
}

TEST(LanguageModel, ForgetsOnlyWhatItCannotRead) {
    SmallModel small;
    TextContinuation text(small.context, *small.model, 5);
    const std::vector<int32_t> ids = formula_ids(30);
    text.add(std::span(ids).first(static_cast<size_t>(context_tokens)));
    EXPECT_EQ(std::ssize(text.visible()), context_tokens);
    text.add(std::span(ids).subspan(12, 1));
    EXPECT_EQ(std::vector<int32_t>(text.visible().begin(), text.visible().end()),
              (std::vector<int32_t>(ids.begin() + 8, ids.begin() + 13)));
    TextContinuation longer(small.context, *small.model, 5);
    longer.add(ids);
    EXPECT_EQ(std::ssize(longer.visible()), 5);
    EXPECT_THROW(TextContinuation(small.context, *small.model, context_tokens + 1), Error);
    LanguageState state = small.model->begin(small.context, 1, 4);
    const Tensor many = Tensor::zeros(small.context, {1, context_tokens + 1}, DType::i32);
    EXPECT_TRUE(contains(message_of<UserError>([&] { small.model->extend(state, many); }), "at most 12 tokens"));
}

TEST(LanguageModel, SaysNothingOfWhatComesLater) {
    SmallModel small;
    std::vector<int32_t> ids = formula_ids(6);
    const std::vector<float> before = small.logits_after(std::span(ids).first(3));
    const NoGradient guard(small.context);
    const Tensor tensor = Tensor::from_host(small.context, {1, 6}, std::span<const int32_t>(ids));
    const int32_t length = 6;
    const Tensor lengths = Tensor::from_host(small.context, {1}, std::span<const int32_t>(&length, 1));
    const std::vector<float> all = small.model->forward(tensor, lengths, {}).value().to_vector();
    const std::vector<float> third(all.begin() + 2 * vocabulary, all.begin() + 3 * vocabulary);
    EXPECT_LT(distance(third, before), 1e-5 * largest(before));
    ids[0] = (ids[0] + 1) % static_cast<int32_t>(vocabulary);
    EXPECT_GT(distance(small.logits_after(std::span(ids).first(3)), before), 1e-3 * largest(before));
}

TEST(LanguageModel, TiesItsTablesUnlessToldOtherwise) {
    LanguageModelOptions untied;
    untied.tie = false;
    SmallModel tied, own("sdpa", untied);
    EXPECT_EQ(own.model->parameter_count() - tied.model->parameter_count(), 16 * vocabulary + vocabulary);
    EXPECT_EQ(tied.model->multiplies(3), own.model->multiplies(3));
}

EncodedLanguage numbered_text(int64_t tokens, const WindowPlan& plan, int32_t seed) {
    EncodedTexts texts;
    texts.add(formula_ids(tokens, seed));
    texts.add(formula_ids(5, seed + 1));
    return {TokenWindows(std::move(texts), plan), 2.0};
}

LanguageTask small_task(SmallModel& small, double label_smoothing = 0.0) {
    EncodedLanguageData data;
    data.train = numbered_text(100, {8, 3, false}, 1);
    data.validation = numbered_text(40, {8, 4, true}, 2);
    data.test = numbered_text(20, {8, 8, true}, 3);
    data.context = 8;
    return {small.context, *small.model, std::move(data), label_smoothing};
}

TEST(LanguageTask, MeasuresTheTokensThatCount) {
    SmallModel small;
    LanguageTask task = small_task(small, 0.1);
    const TokenWindows& windows = task.data().validation.windows;
    double nll = 0.0;
    int64_t count = 0;
    for (int64_t i = 0; i < windows.size(); ++i) {
        WindowBatch batch;
        windows.fill(batch, std::span(&i, 1), 0);
        const NoGradient guard(small.context);
        const std::vector<float> values =
            log_probabilities(language_logits(small.context, *small.model, batch, {}).value());
        for (size_t t = 0; t < batch.outputs.size(); ++t) {
            if (batch.outputs[t] < 0) continue;
            nll -= values[t * static_cast<size_t>(vocabulary) + static_cast<size_t>(batch.outputs[t])];
            ++count;
        }
    }
    EXPECT_EQ(count, 39 + 4);
    const Evaluation result = task.evaluate(Split::validation);
    EXPECT_EQ(result.count, count);
    EXPECT_NEAR(result.loss, nll / static_cast<double>(count), 1e-5 * result.loss);
    ASSERT_EQ(result.more.size(), 3U);
    EXPECT_EQ(result.more[0].first, "perplexity");
    EXPECT_NEAR(result.more[0].second, std::exp(result.loss), 1e-9 * result.more[0].second);
    EXPECT_EQ(result.more[2].first, "bits_per_byte");
    EXPECT_NEAR(result.more[2].second, result.loss / std::log(2.0) / 2.0, 1e-9);
    EXPECT_EQ(result.score, -result.loss);
    EXPECT_NEAR(task.divergence_from(*small.model, Split::test), 0.0, 1e-6);
}

TEST(LanguageTask, MicroBatchesAddUpToTheWholeBatch) {
    const auto totals_in = [](int64_t micro_batches) {
        SmallModel small("sdpa", {}, 0.3);
        LanguageTask task = small_task(small);
        BatchPlan plan;
        plan.batch = 48;
        plan.seed = 9;
        plan.micro_batches = micro_batches;
        task.begin(plan);
        ForwardState state;
        state.training = true;
        state.seed = 4;
        double loss = 0.0;
        int64_t count = 0;
        for (int64_t i = 0; i < micro_batches; ++i) {
            const MicroBatch part = task.next(state);
            double totals[2];
            part.totals.copy_to_host(totals);
            loss += totals[0];
            count += part.count;
        }
        return std::pair(loss, count);
    };
    const auto [loss, count] = totals_in(1);
    const auto [parts_loss, parts_count] = totals_in(3);
    EXPECT_EQ(parts_count, count);
    EXPECT_NEAR(parts_loss, loss, 1e-5 * loss);
    EXPECT_GT(count, 20);
}

TEST(Masking, HidesAsManyTokensAsItSaysInTheThreeWays) {
    constexpr int32_t mask_token = 50;
    int64_t masked = 0, same = 0, others = 0;
    for (uint32_t sample = 0; sample < 200; ++sample) {
        std::vector<int32_t> ids(48, 7), outputs(ids.size());
        RandomSequence random(random_key(3, RandomPurpose::data_order, "masking"), 5, sample);
        EXPECT_EQ(mask_window(ids, 40, mask_token, random, outputs), 6);
        int64_t chosen = 0;
        for (size_t i = 0; i < ids.size(); ++i) {
            if (outputs[i] < 0) {
                EXPECT_EQ(ids[i], 7);
                continue;
            }
            EXPECT_EQ(outputs[i], 7);
            EXPECT_LT(i, 40U);
            ++chosen;
            (ids[i] == mask_token ? masked : ids[i] == 7 ? same : others) += 1;
        }
        EXPECT_EQ(chosen, 6);
    }
    EXPECT_NEAR(static_cast<double>(masked) / 1200, 0.8, 0.04);
    EXPECT_NEAR(static_cast<double>(others) / 1200, 0.1 * 49 / 50, 0.03);
    EXPECT_NEAR(static_cast<double>(same) / 1200, 0.1 + 0.1 / 50, 0.03);
}

TEST(Masking, IsTheSameWhateverTheMicroBatchesAndInEveryEvaluation) {
    LanguageModelOptions options;
    options.objective = "masked";
    const auto totals_in = [&](int64_t micro_batches) {
        SmallModel small("sdpa", options);
        EXPECT_EQ(small.model->shape().mask_token, vocabulary);
        LanguageTask task = small_task(small);
        const Evaluation first = task.evaluate(Split::validation), second = task.evaluate(Split::validation);
        EXPECT_EQ(first.loss, second.loss);
        EXPECT_LT(first.count, task.data().validation.windows.counted() / 3);
        EXPECT_EQ(first.more.size(), 1U);
        BatchPlan plan;
        plan.batch = 48;
        plan.micro_batches = micro_batches;
        task.begin(plan);
        ForwardState state;
        state.training = true;
        double loss = 0.0;
        for (int64_t i = 0; i < micro_batches; ++i) {
            double totals[2];
            task.next(state).totals.copy_to_host(totals);
            loss += totals[0];
        }
        return loss;
    };
    const double whole = totals_in(1);
    EXPECT_NEAR(totals_in(3), whole, 1e-5 * whole);
}

/// Loss, its total and all gradients are those of the logits of all tokens.
TEST(Masking, WorksOnTheLogitsOfHiddenTokensAlone) {
    LanguageModelOptions options;
    options.objective = "masked";
    WindowBatch batch;
    batch.inputs.rows = 3;
    batch.inputs.columns = 8;
    batch.inputs.lengths = {8, 5, 8};
    batch.inputs.ids = formula_ids(24);
    batch.outputs.assign(24, -1);
    for (const size_t place : {1U, 6U, 12U, 20U}) batch.outputs[place] = static_cast<int32_t>(place % vocabulary);
    batch.counted = 4;
    SmallModel small("sdpa", options);
    const auto pass = [&](bool alone) {
        small.store->begin_step();
        LanguageTargets targets = language_targets(small.context, batch, vocabulary + 1);
        EXPECT_EQ(targets.ids.shape(), Shape{4});
        if (!alone) targets = {{}, Tensor::from_host(small.context, {24}, std::span<const int32_t>(batch.outputs))};
        std::vector<float> values;
        {
            const Variable logits = language_logits(small.context, *small.model, batch, {}, targets.rows);
            EXPECT_EQ(logits.shape(), (Shape{alone ? 4 : 24, vocabulary + 1}));
            const CrossEntropyResult loss = cross_entropy(logits, targets.ids, 0.1f);
            values = loss.loss.value().to_vector();
            small.context.tape().backward(loss.loss);
        }
        small.context.tape().clear();
        small.store->finish_gradients();
        for (Parameter* parameter : small.store->parameters()) {
            const std::vector<float> gradient = parameter->gradient_slot().gradient().to_vector();
            values.insert(values.end(), gradient.begin(), gradient.end());
        }
        return values;
    };
    const std::vector<float> wanted = pass(false), got = pass(true);
    EXPECT_GT(largest(wanted), 0.1);
    EXPECT_LT(distance(got, wanted), 1e-5 * largest(wanted));
    batch.counted = 12;  // half of all: the rows are not worth being copied
    EXPECT_FALSE(language_targets(small.context, batch, vocabulary + 1).rows.defined());
}

TEST(TokenSampling, DrawsFromTheTokensThatAreLeft) {
    const std::vector<float> logits = {std::log(0.1f), std::log(0.4f), std::log(0.3f), std::log(0.2f)};
    const std::vector<uint8_t> all(4, 1);
    const auto shares = [&](const SamplingOptions& options, const std::vector<uint8_t>& writable) {
        std::vector<double> counts(4, 0.0);
        constexpr int draws = 1000;
        for (int i = 0; i < draws; ++i) {
            counts[static_cast<size_t>(sample_token(logits, writable, options, (i + 0.5) / draws))] += 1.0 / draws;
        }
        return counts;
    };
    const auto expect = [](const std::vector<double>& actual, const std::vector<double>& expected) {
        for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(actual[i], expected[i], 0.0021) << i;
    };
    expect(shares({}, all), {0.1, 0.4, 0.3, 0.2});
    expect(shares({.top_k = 2}, all), {0, 4.0 / 7, 3.0 / 7, 0});
    expect(shares({.top_p = 0.69}, all), {0, 4.0 / 7, 3.0 / 7, 0});
    expect(shares({.top_p = 0.75}, all), {0, 4.0 / 9, 3.0 / 9, 2.0 / 9});
    expect(shares({.top_p = 0.0001}, all), {0, 1, 0, 0});
    expect(shares({.temperature = 0.5}, all), {1.0 / 30, 16.0 / 30, 9.0 / 30, 4.0 / 30});
    expect(shares({.greedy = true}, all), {0, 1, 0, 0});
    expect(shares({}, {1, 0, 0, 1}), {1.0 / 3, 0, 0, 2.0 / 3});
    EXPECT_EQ(sample_token(std::vector<float>{1, 2, 2}, std::vector<uint8_t>(3, 1), {.greedy = true}, 0), 1);
    EXPECT_THROW(sample_token(logits, std::vector<uint8_t>(4, 0), {}, 0.5), Error);
    const std::vector<float> broken = {0.0f, std::nanf("")};
    EXPECT_THROW(sample_token(broken, std::vector<uint8_t>(2, 1), {}, 0.5), Error);
}

}  // namespace
}  // namespace heed::test::language_model_test
