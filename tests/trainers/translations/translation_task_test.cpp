#include "heed/trainers/translations/translation_task.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "heed/core/error.h"
#include "heed/core/module/parameter_store.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/trainers/loop/step_totals.h"
#include "heed/trainers/decoding/log_probabilities.h"
#include "heed/trainers/translations/translation_decoder.h"

namespace heed::translation_task_test {
namespace {

constexpr int32_t begin = 2, end = 3, vocabulary = 12;

/// Pairs of different lengths over the ids from 4 on.
EncodedTranslations numbered_pairs(int64_t count) {
    EncodedTranslations pairs;
    for (int64_t i = 0; i < count; ++i) {
        std::vector<int32_t> source, target = {begin};
        for (int64_t t = 0; t <= i % 5; ++t) source.push_back(static_cast<int32_t>(4 + (i + t) % 8));
        for (int64_t t = 0; t <= (i + 2) % 4; ++t) target.push_back(static_cast<int32_t>(4 + (3 * i + t) % 8));
        source.push_back(end);
        target.push_back(end);
        pairs.sources.add(source);
        pairs.targets.add(target);
    }
    return pairs;
}

/// A model with random weights and a task on 30 numbered pairs.
struct SmallTask {
    explicit SmallTask(double label_smoothing = 0.0) {
        TranslatorOptions options;
        options.dim = 8;
        options.encoder_depth = options.decoder_depth = 1;
        options.heads = 2;
        options.mlp_dim = 16;
        options.dropout = 0.3;
        const AttentionChoice sdpa = {&attention_type("sdpa"), &attention_options};
        model = make_translator(options, {sdpa, sdpa, sdpa}, {vocabulary, vocabulary, 8, 8, true});
        store = std::make_unique<ParameterStore>(context, *model, 5);
        EncodedTranslationData data;
        data.train = numbered_pairs(30);
        data.validation = numbered_pairs(7);
        data.test = numbered_pairs(3);
        task = std::make_unique<TranslationTask>(
            context, *model, std::move(data), label_smoothing,
            [this](Split split, Evaluation&, Communicator&) { finished.push_back(split_name(split)); });
    }

    BatchPlan plan(int64_t micro_batches, BatchPosition start = {}) const {
        BatchPlan plan;
        plan.batch = 48;
        plan.seed = 9;
        plan.micro_batches = micro_batches;
        plan.start = start;
        return plan;
    }

    Context context{"cpu"};
    AttentionOptions attention_options;
    std::unique_ptr<Translator> model;
    std::unique_ptr<ParameterStore> store;
    std::unique_ptr<TranslationTask> task;
    std::vector<std::string> finished;
};

ForwardState training_state(uint32_t step) {
    ForwardState state;
    state.training = true;
    state.seed = 4;
    state.step = step;
    return state;
}

TEST(PairBatch, ShiftsTheTargetByOneTokenAndLeavesPaddingOut) {
    EncodedTranslations pairs;
    pairs.sources.add(std::vector<int32_t>{7, 8, end});
    pairs.targets.add(std::vector<int32_t>{begin, 5, end});
    pairs.sources.add(std::vector<int32_t>{9, end});
    pairs.targets.add(std::vector<int32_t>{begin, 4, 5, 6, end});
    const std::vector<int64_t> places = {0, 1};
    const PairBatch batch = pair_batch(pairs, places, 0, 0);
    EXPECT_EQ(batch.sources.ids, (std::vector<int32_t>{7, 8, end, 9, end, 0}));
    EXPECT_EQ(batch.inputs.ids, (std::vector<int32_t>{begin, 5, 0, 0, begin, 4, 5, 6}));
    EXPECT_EQ(batch.outputs.ids, (std::vector<int32_t>{5, end, -1, -1, 4, 5, 6, end}));
    EXPECT_EQ(batch.target_tokens(), 6);
    const std::vector<int64_t> first = {0};
    const PairBatch wide = pair_batch(pairs, first, 0, 0, places);
    EXPECT_EQ(wide.inputs.columns, 4);
    EXPECT_EQ(wide.outputs.ids, (std::vector<int32_t>{5, end, -1, -1}));
}

TEST(TranslationTask, DocumentsOfSimilarLengthComeTogether) {
    SmallTask small;
    EncodedTranslationData data;
    for (int i = 0; i < 20; ++i) {
        data.train.sources.add(std::vector<int32_t>(i % 2 == 0 ? 10 : 100, 4));
        data.train.targets.add(std::vector<int32_t>(static_cast<size_t>(2 + i / 2), 4));
    }
    const TranslationTask task(small.context, *small.model, std::move(data), 0.0, {});
    EXPECT_EQ(task.epoch_steps(100), 11) << "ten of a long source, and one of all short ones";
}

TEST(LogProbabilities, AreThoseOfTheSoftmaxAlsoFarFromTheLargest) {
    Context context("cpu");
    const std::vector<float> logits = {1.0F, 2.0F, 3.0F, 500.0F, -500.0F, 499.0F};
    const std::vector<float> values =
        log_probabilities(Tensor::from_host(context, {2, 3}, std::span<const float>(logits)));
    for (size_t row = 0; row < 2; ++row) {
        double sum = 0;
        const double largest = logits[row * 3 + (row == 0 ? 2 : 0)];
        for (size_t i = 0; i < 3; ++i) sum += std::exp(logits[row * 3 + i] - largest);
        for (size_t i = 0; i < 3; ++i) {
            EXPECT_NEAR(values[row * 3 + i], logits[row * 3 + i] - largest - std::log(sum), 1e-4);
        }
    }
}

TEST(TranslationTask, PassesWithoutPairsAreSkipped) {
    SmallTask small;
    EncodedTranslationData data;
    data.train = numbered_pairs(4);
    data.train.weights = {0.05F, 0.05F, 0.05F, 0.05F};
    TranslationTask task(small.context, *small.model, std::move(data), 0.0, {});
    ASSERT_EQ(task.epoch_steps(48), 1);
    task.begin(small.plan(1));
    std::vector<int64_t> counts;
    for (int64_t step = 0; step < 30; ++step) {
        counts.push_back(task.next({}).count);
        EXPECT_GT(counts.back(), 0) << step;
    }
    // Going on later finds the same batches.
    task.begin(small.plan(1, {20, 0}));
    for (size_t step = 20; step < 30; ++step) EXPECT_EQ(task.next({}).count, counts[step]) << step;
}

TEST(TranslationTask, AnEpochVisitsEveryPairOnceAndCountsTargetTokens) {
    SmallTask small;
    const int64_t steps = small.task->epoch_steps(48);
    small.task->begin(small.plan(1));
    int64_t tokens = 0, expected = 0;
    for (int64_t step = 0; step < steps; ++step) {
        const MicroBatch batch = small.task->next({});
        EXPECT_EQ(batch.position.batch, step);
        EXPECT_LE(batch.count, 48);
        tokens += batch.count;
        small.context.tape().clear();
    }
    const EncodedTexts& targets = small.task->data().train.targets;
    for (int64_t i = 0; i < targets.size(); ++i) expected += targets.length(i) - 1;
    EXPECT_EQ(tokens, expected);
}

TEST(TranslationTask, MicroBatchesAddUpToTheWholeBatchWithDropout) {
    SmallTask whole(0.1), parts(0.1);
    whole.task->begin(whole.plan(1));
    parts.task->begin(parts.plan(3));
    for (uint32_t step = 0; step < 4; ++step) {
        const LossSums one = test::sums_of(whole.task->next(training_state(step)));
        whole.context.tape().clear();
        LossSums sum;
        for (int part = 0; part < 3; ++part) {
            const LossSums sums = test::sums_of(parts.task->next(training_state(step)));
            parts.context.tape().clear();
            sum.loss += sums.loss;
            sum.correct += sums.correct;
            sum.count += sums.count;
        }
        EXPECT_EQ(sum.count, one.count);
        EXPECT_EQ(sum.correct, one.correct);
        EXPECT_CLOSE(sum.loss, one.loss, 1e-4);
    }
}

TEST(TranslationTask, GoesOnInTheMiddleOfAnEpoch) {
    SmallTask through, resumed;
    const int64_t steps = through.task->epoch_steps(48);
    through.task->begin(through.plan(1));
    for (int64_t step = 0; step < steps + 2; ++step) {
        through.task->next(training_state(0));
        through.context.tape().clear();
    }
    resumed.task->begin(resumed.plan(1, {1, 2}));
    for (int step = 0; step < 3; ++step) {
        const MicroBatch a = through.task->next(training_state(7)), b = resumed.task->next(training_state(7));
        EXPECT_EQ(test::sums_of(a).loss, test::sums_of(b).loss);
        EXPECT_EQ(a.position.epoch, b.position.epoch);
        EXPECT_EQ(a.position.batch, b.position.batch);
        through.context.tape().clear();
        resumed.context.tape().clear();
    }
}

TEST(TranslationTask, EvaluationIsTheMeanNegativeLogProbabilityOfTheTargetTokens) {
    SmallTask small(0.2);
    const Evaluation result = small.task->evaluate(Split::validation);
    const EncodedTranslations pairs = numbered_pairs(7);
    double sum = 0;
    int64_t count = 0, correct = 0;
    for (int64_t i = 0; i < pairs.size(); ++i) {
        const std::vector<int64_t> place = {i};
        const PairBatch batch = pair_batch(pairs, place, 0, 0);
        const std::vector<float> values =
            log_probabilities(translation_logits(small.context, *small.model, batch, {}).value());
        for (int64_t t = 0; t < batch.outputs.columns; ++t) {
            const auto row = values.begin() + t * vocabulary;
            const int32_t target = batch.outputs.ids[static_cast<size_t>(t)];
            sum -= row[target];
            correct += std::max_element(row, row + vocabulary) - row == target ? 1 : 0;
            ++count;
        }
    }
    EXPECT_EQ(result.count, count);
    EXPECT_CLOSE(result.loss, sum / static_cast<double>(count), 1e-5);
    EXPECT_CLOSE(result.accuracy, static_cast<double>(correct) / static_cast<double>(count), 1e-12);
    EXPECT_EQ(result.score, -result.loss);
    ASSERT_EQ(result.more.size(), 2U);
    EXPECT_EQ(result.more[0].first, "perplexity");
    EXPECT_CLOSE(result.more[0].second, std::exp(result.loss), 1e-9);
    EXPECT_EQ(result.more[1].first, "smoothed_perplexity");
    EXPECT_GT(std::abs(result.more[1].second - result.more[0].second), 1e-3);
    EXPECT_EQ(small.finished, std::vector<std::string>{"validation"});
}

/// With word tokenizers of the words a to h, which have the ids of SmallTask's model.
TEST(TranslationDecoder, GivesASentenceTheSameTranslationAloneAndAmongOthers) {
    SmallTask small;
    const std::vector<std::string_view> texts = {"a b c d e f g h"};
    TokenizerOptions options;
    options.vocabulary = vocabulary;
    const auto tokenizer = train_tokenizer(options, texts);
    ASSERT_EQ(tokenizer->vocabulary_size(), vocabulary);
    TranslationDataFacts input;
    input.joint = true;
    input.max_source_tokens = input.max_target_tokens = 8;
    input.source_vocabulary = input.target_vocabulary = vocabulary;
    input.source_tokenizer = {tokenizer->kind(), tokenizer->serialized()};
    const TranslationTokenizers tokenizers(input);
    BeamSearchOptions search;
    search.beam = search.n_best = 3;
    TranslationDecoder decoder(small.context, *small.model, tokenizers, search);
    const std::vector<std::string_view> sentences = {"a", "h g f e d c b", "b b", "c d a", "e"};
    EncodeReport report;
    const EncodedTexts all = encode_texts(*tokenizers.source, sentences, input.source_encode_options(), report);
    const auto together = decoder.translate(all);
    ASSERT_EQ(together.size(), sentences.size());
    for (size_t i = 0; i < sentences.size(); ++i) {
        EncodedTexts one;
        one.add(all.ids(static_cast<int64_t>(i)));
        const auto alone = decoder.translate(one);
        ASSERT_EQ(alone.front().size(), together[i].size());
        EXPECT_GE(together[i].size(), 1U);
        for (size_t rank = 0; rank < together[i].size(); ++rank) {
            EXPECT_EQ(alone.front()[rank].text, together[i][rank].text);
            EXPECT_CLOSE(alone.front()[rank].log_probability, together[i][rank].log_probability, 1e-5);
            EXPECT_LE(together[i][rank].tokens(), 8);
        }
    }
}

TEST(TranslationDecoder, ATranslationIsOneLineWhateverItsTokensAre) {
    SmallTask small;
    const std::vector<std::string> words = {"a\x1b",
                                            "b\rb",
                                            "c\xe2\x80\xa8"
                                            "c",
                                            "d\td",
                                            "e\x07",
                                            "f\xc2\x85"
                                            "f",
                                            "g\x7f",
                                            "h\x0bh"};
    std::string bytes = "heed words of all scripts lower-cased\n";
    for (const std::string& word : words) bytes += word + "\n";
    TranslationDataFacts input;
    input.joint = true;
    input.max_source_tokens = input.max_target_tokens = 8;
    input.source_vocabulary = input.target_vocabulary = vocabulary;
    input.source_tokenizer = {"word", bytes};
    const TranslationTokenizers tokenizers(input);
    BeamSearchOptions search;
    search.beam = search.n_best = 8;
    search.min_length = 3;
    EncodedTexts sources;
    for (int32_t id = 4; id < vocabulary; ++id) sources.add(std::vector<int32_t>{id, end});
    TranslationDecoder decoder(small.context, *small.model, tokenizers, search);
    std::set<int32_t> written;
    for (const auto& best : decoder.translate(sources)) {
        for (const TranslationText& translation : best) {
            written.insert(translation.ids.begin(), translation.ids.end());
            for (const char* mark : {"\x1b", "\r", "\xe2\x80\xa8", "\t", "\x07", "\xc2\x85", "\x7f", "\x0b", "\n"}) {
                EXPECT_EQ(translation.text.find(mark), std::string::npos) << mark;
            }
        }
    }
    EXPECT_GT(written.size(), 4U) << "several of the words were written";
}

TEST(TranslationTokenizers, MustHaveTheVocabularyOfTheModel) {
    const std::vector<std::string_view> texts = {"a b c"};
    const auto tokenizer = train_tokenizer(TokenizerOptions(), texts);
    TranslationDataFacts input;
    input.joint = true;
    input.source_tokenizer = {tokenizer->kind(), tokenizer->serialized()};
    input.source_vocabulary = tokenizer->vocabulary_size();
    input.target_vocabulary = tokenizer->vocabulary_size() + 1;
    EXPECT_TRUE(test::contains(test::message_of<UserError>([&] { TranslationTokenizers loaded(input); }),
                               "the target tokenizer has 7 tokens, but the model was trained with 8"));
}

/// What the search says of a translation is what the model says of it at once.
TEST(TranslationDecoder, ItsLogProbabilityIsThatOfTheWholeTarget) {
    SmallTask small;
    const std::vector<std::string_view> texts = {"a b c d e f g h"};
    TokenizerOptions options;
    options.vocabulary = vocabulary;
    const auto tokenizer = train_tokenizer(options, texts);
    TranslationDataFacts input;
    input.joint = true;
    input.max_source_tokens = input.max_target_tokens = 8;
    input.source_vocabulary = input.target_vocabulary = vocabulary;
    input.source_tokenizer = {tokenizer->kind(), tokenizer->serialized()};
    const TranslationTokenizers tokenizers(input);
    TranslationDecoder decoder(small.context, *small.model, tokenizers, {});
    EncodeReport report;
    EncodedTranslations pair;
    pair.sources.add(encode_text(*tokenizers.source, "c d a", input.source_encode_options(), report));
    const TranslationText best = decoder.translate(pair.sources).front().front();
    std::vector<int32_t> target = tokenizers.target->encode(best.text);
    ASSERT_EQ(std::ssize(target) + 1, best.tokens());
    target.insert(target.begin(), begin);
    target.push_back(end);
    pair.targets.add(target);
    const std::vector<int64_t> place = {0};
    const PairBatch batch = pair_batch(pair, place, 0, 0);
    const std::vector<float> values =
        log_probabilities(translation_logits(small.context, *small.model, batch, {}).value());
    double sum = 0;
    for (size_t t = 1; t < target.size(); ++t) sum += values[(t - 1) * vocabulary + static_cast<size_t>(target[t])];
    EXPECT_CLOSE(best.log_probability, sum, 1e-5);
}

}  // namespace
}  // namespace heed::translation_task_test
