#include "heed/trainers/texts/text_samples.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/core/error.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/tests/trainers/explanation/small_models.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/texts/text_facts.h"

namespace heed::test::text_samples_test {
namespace {

using Masks = std::vector<std::vector<uint8_t>>;
using Samples = std::vector<std::unique_ptr<ExplainedSample>>;

struct Settings {
    std::string type = "sdpa";
    std::string pool = "mean";
    bool special_tokens = false;
    bool several_labels = false;
    std::string more = {};  ///< of the model
};

/// Words w0 to w9, at most 8 tokens a text, three classes.
SavedModel model_of(const Settings& settings) {
    auto facts = std::make_shared<TextDataFacts>();
    facts->name = "words";
    facts->class_names = {"low", "middle", "high"};
    TokenizerOptions options;
    options.type = "word";
    const std::vector<std::string_view> words = {"w0 w1 w2 w3 w4 w5 w6 w7 w8 w9", "w0 w1 w2 w3 w4 w5 w6 w7 w8 w9"};
    const auto tokenizer = train_tokenizer(options, words);
    facts->vocabulary = tokenizer->vocabulary_size();
    facts->max_tokens = 8;
    facts->truncate = "head";
    facts->special_tokens = settings.special_tokens;
    facts->several_labels = settings.several_labels;
    facts->tokenizer = {tokenizer->kind(), tokenizer->serialized()};
    return small_model(
        "model: {type: text_classifier, dim: 12, depth: 2, heads: 3, mlp_dim: 16, pool: " + settings.pool +
            settings.more + "}\nattention: " + type_options(settings.type) + "\ndata: {name: text_files}\n",
        facts);
}

Samples samples_of_lines(SavedModel& saved, const std::string& lines) {
    const TemporaryFolder folder;
    write_text(folder / "texts.txt", lines);
    SampleRequest request;
    request.files = {folder / "texts.txt"};
    return samples_of(saved, request);
}

/// Without one unit each.
Masks each_removed(const ExplainedSample& sample) {
    const auto& units = sample.input().units;
    Masks masks;
    for (size_t unit = 0; unit < units.size(); ++unit) {
        if (units[unit].fixed) continue;
        masks.emplace_back(units.size(), uint8_t{1});
        masks.back()[unit] = 0;
    }
    return masks;
}

const char* const types[] = {"sdpa", "optimised", "efficient", "super", "smyrf"};

TEST(TextSamples, AreSoundWithEveryTypeAndWayToRead) {
    for (const char* type : types) {
        for (const Settings& settings :
             {Settings{type, "mean"}, Settings{type, "class", true}, Settings{type, "mean", false, true},
              Settings{type, "first", true, false, ", checkpoint_activations: true, norm: post"}}) {
            SCOPED_TRACE(settings.type + " " + settings.pool);
            SavedModel saved = model_of(settings);
            const Samples samples = samples_of_lines(saved, "w1 w4 w2 w9 w3\n");
            ASSERT_EQ(samples.size(), 1U);
            EXPECT_EQ(samples[0]->heads(false).size(), 6U);
            EXPECT_TRUE(samples[0]->heads(false)[0].weight_gradient.empty());
            expect_sound(*samples[0], settings.several_labels);
        }
    }
}

/// A removed token is as padding: without the last ones a text is a shorter one.
TEST(TextSamples, WithoutTheLastTokensAreShorterTexts) {
    for (const char* type : types) {
        for (const char* pool : {"mean", "class"}) {
            SCOPED_TRACE(std::string(type) + " " + pool);
            SavedModel saved = model_of({type, pool});
            const Samples samples = samples_of_lines(saved, "w1 w4 w2 w9 w3 w3\nw1 w4 w2 w9 w3\nw1 w4 w2\n");
            ASSERT_EQ(samples.size(), 3U);
            const size_t units = samples[0]->input().units.size();
            Masks kept(2, std::vector<uint8_t>(units, 1));
            kept[0][units - 1] = 0;
            std::fill(kept[1].end() - 3, kept[1].end(), uint8_t{0});
            const std::vector<VariantAnswer> answers = samples[0]->answers(kept, Removal::keys);
            for (const size_t i : {0U, 1U}) {
                ExplainedSample& shorter = *samples[i + 1];
                const std::vector<float> logits = shorter.prediction().logits;
                const int64_t explained = samples[0]->prediction().explained;
                EXPECT_CLOSE(answers[i].probability, std::exp(log_probability(logits, explained)), 1e-5);
                EXPECT_EQ(answers[i].predicted, shorter.prediction().explained);
                EXPECT_EQ(answers[i].same, shorter.prediction().explained == explained);
            }
        }
    }
}

/// Dense attention without a key is the softmax over the others: where the head reads the class token, nothing else
/// sees a removed token.
TEST(TextSamples, WithoutKeysHaveTheSoftmaxOverTheOthers) {
    for (const char* type : {"sdpa", "optimised", "efficient"}) {
        SavedModel saved = model_of({type, "class"});
        const Samples samples = samples_of_lines(saved, "w1 w4 w2 w9 w3 w3\n");
        ExplainedSample& sample = *samples.at(0);
        Masks kept = each_removed(sample);
        ASSERT_EQ(kept.size(), 6U);
        kept.push_back({1, 0, 1, 0, 1, 0, 0});
        kept.push_back({1, 0, 0, 0, 0, 0, 0});
        const std::vector<VariantAnswer> answers = sample.answers(kept, Removal::keys);
        for (size_t i = 0; i < kept.size(); ++i) {
            const double wanted =
                log_probability(logits_with_masked_columns(sample, kept[i]), sample.prediction().explained);
            EXPECT_CLOSE(std::log(answers[i].probability), wanted, 1e-5) << type << " " << i;
        }
    }
}

TEST(TextSamples, WithReplacedTokensAreTextsWithUnknownWords) {
    SavedModel saved = model_of({"sdpa", "class"});
    const Samples samples = samples_of_lines(saved, "w1 w4 w2\nw1 other w2\n");
    const Masks kept = {{1, 1, 0, 1}, {1, 1, 1, 1}};
    const std::vector<VariantAnswer> answers = samples.at(0)->answers(kept, Removal::replacement);
    const int64_t explained = samples[0]->prediction().explained;
    EXPECT_CLOSE(answers[0].probability, std::exp(log_probability(samples.at(1)->prediction().logits, explained)),
                 1e-5);
    EXPECT_CLOSE(answers[1].probability, samples[0]->prediction().probability, 1e-5);
    EXPECT_TRUE(answers[1].same);
}

/// In a batch, whose other rows are longer, an answer is what it is alone.
TEST(TextSamples, HaveTheSameAnswersInABatch) {
    for (const char* type : types) {
        SavedModel saved = model_of({type, "mean"});
        const Samples samples = samples_of_lines(saved, "w1 w4 w2 w9 w3 w3 w7\n");
        const Masks kept = {{1, 1, 1, 1, 1, 1, 1}, {0, 0, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0}, {1, 0, 1, 0, 1, 0, 1}};
        for (const Removal removal : {Removal::keys, Removal::replacement}) {
            const std::vector<VariantAnswer> together = samples.at(0)->answers(kept, removal);
            for (size_t i = 0; i < kept.size(); ++i) {
                const Masks one = {kept[i]};
                EXPECT_CLOSE(samples[0]->answers(one, removal)[0].probability, together[i].probability, 1e-5)
                    << type << " " << i;
            }
        }
        EXPECT_TRUE(samples[0]->answers({}, Removal::keys).empty());
    }
}

TEST(TextSamples, TellWhatTheyAre) {
    SavedModel saved = model_of({"sdpa", "first", true});
    const Samples samples = samples_of_lines(saved, "w5\n\nw1 w2 w3 w4 w5 w6 w7 w8 w9\n");
    ASSERT_EQ(samples.size(), 3U);
    const ExplainedInput& one = samples[0]->input();
    EXPECT_EQ(one.text, "w5");
    EXPECT_TRUE(contains(one.place, "texts.txt:1")) << one.place;
    ASSERT_EQ(one.units.size(), 3U);
    EXPECT_EQ(one.units[1].name, "w5");
    EXPECT_TRUE(one.units[0].fixed && !one.units[1].fixed && one.units[2].fixed);
    EXPECT_EQ(one.read_queries, std::vector<int64_t>{0});
    expect_sound(*samples[0]);
    EXPECT_EQ(samples[1]->input().units.size(), 3U);  // an unknown token stands for nothing
    expect_sound(*samples[1]);
    EXPECT_EQ(samples[2]->input().units.size(), 8U);  // it is cut
    EXPECT_EQ(samples[2]->prediction().label,
              saved.trained.facts->class_names[static_cast<size_t>(samples[2]->prediction().explained)]);

    SavedModel mean = model_of({"sdpa", "mean"});
    const Samples plain = samples_of_lines(mean, "w5\n");
    EXPECT_EQ(plain.at(0)->heads(false)[0].weights, std::vector<float>{1.0F});
    EXPECT_EQ(plain.at(0)->input().read_queries, std::vector<int64_t>{0});
    const Masks nothing = {{0}};
    EXPECT_TRUE(std::isfinite(plain[0]->answers(nothing, Removal::keys)[0].probability));
}

TEST(TextSamples, RefuseMasksAndWeightsThatDoNotFit) {
    SavedModel saved = model_of({"sdpa", "class"});
    const Samples samples = samples_of_lines(saved, "w1 w4 w2\n");
    const auto refusal = [&](const Masks& kept) {
        return message_of<Error>([&] { samples.at(0)->answers(kept, Removal::keys); });
    };
    EXPECT_TRUE(contains(refusal({{1, 1, 1}}), "over 4 units, got one over 3")) << refusal({{1, 1, 1}});
    EXPECT_TRUE(contains(refusal({{0, 1, 1, 1}}), "keeps [class]")) << refusal({{0, 1, 1, 1}});
    const std::string size =
        message_of<Error>([&] { samples[0]->with_weights([](const LayerRecord&) { return std::vector<float>(5); }); });
    EXPECT_TRUE(contains(size, "expected 48 weights in the place of a layer's own, got 5")) << size;
}

TEST(TextSamples, OfTablesAndWithALimitHaveTheirLabels) {
    SavedModel saved = model_of({});
    const TemporaryFolder folder;
    write_text(folder / "texts.csv", "text,label\nw1 w2,low\nw3,high\nw4 w5 w6,middle\n");
    SampleRequest request;
    request.files = {folder / "texts.csv"};
    request.limit = 2;
    const Samples samples = samples_of(saved, request);
    ASSERT_EQ(samples.size(), 2U);
    EXPECT_EQ(samples[1]->input().text, "w3");
    EXPECT_EQ(samples[1]->input().truth, std::vector<std::string>{"high"});
}

TEST(SampleRequest, SamplesOfASplitAreSpreadOverIt) {
    using Numbers = std::vector<int64_t>;
    const auto samples = [](int64_t limit, int64_t size) {
        SampleRequest request;
        request.limit = limit;
        return request.samples_of_split(size);
    };
    EXPECT_EQ(samples(3, 10), (Numbers{1, 5, 8}));
    EXPECT_EQ(samples(0, 3), (Numbers{0, 1, 2}));
    EXPECT_EQ(samples(5, 3), (Numbers{0, 1, 2}));
    EXPECT_EQ(samples(1, 25000), Numbers{12500});
    EXPECT_EQ(samples(4, 0), Numbers{});
}

}  // namespace
}  // namespace heed::test::text_samples_test
