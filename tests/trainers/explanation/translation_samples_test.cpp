#include "heed/trainers/translations/translation_samples.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/core/error.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/tests/trainers/explanation/small_models.h"
#include "heed/trainers/translations/translation_facts.h"

namespace heed::test::translation_samples_test {
namespace {

using Masks = std::vector<std::vector<uint8_t>>;
using Samples = std::vector<std::unique_ptr<ExplainedSample>>;

/// A translator that reads and writes the words a to h.
SavedModel model_of(const std::string& type) {
    auto facts = std::make_shared<TranslationDataFacts>();
    const std::vector<std::string_view> texts = {"a b c d e f g h"};
    const auto tokenizer = train_tokenizer(TokenizerOptions(), texts);
    facts->name = "words";
    facts->joint = true;
    facts->max_source_tokens = facts->max_target_tokens = 9;
    facts->source_vocabulary = facts->target_vocabulary = tokenizer->vocabulary_size();
    facts->source_tokenizer = {tokenizer->kind(), tokenizer->serialized()};
    const std::string attention = type_options(type);
    return small_model(
        "model: {type: translator, dim: 12, encoder_depth: 2, decoder_depth: 2, heads: 3, mlp_dim: 16}\nattention: {" +
            attention.substr(1, attention.size() - 2) + "}\ndata: {name: en_es}\n",
        facts);
}

Samples samples_of_lines(SavedModel& saved, const std::string& lines, int64_t position = 0) {
    const TemporaryFolder folder;
    write_text(folder / "lines.txt", lines);
    SampleRequest request;
    request.files = {folder / "lines.txt"};
    request.position = position;
    return samples_of(saved, request);
}

const char* const types[] = {"sdpa", "optimised", "efficient", "super", "smyrf"};

TEST(TranslationSamples, AreSoundInAllPlacesWithEveryType) {
    for (const char* type : types) {
        SCOPED_TRACE(type);
        SavedModel saved = model_of(type);
        const Samples samples = samples_of_lines(saved, "c a b e d\th g a\n", 3);
        ASSERT_EQ(samples.size(), 1U);
        expect_sound(*samples[0]);
        const std::vector<HeadRecord> heads = samples[0]->heads(false);
        ASSERT_EQ(heads.size(), 18U);
        const auto expect_head = [&](size_t i, AttentionPlace place, int64_t layer, int64_t queries, int64_t keys) {
            EXPECT_EQ(heads[i].place, place);
            EXPECT_EQ(heads[i].layer, layer);
            EXPECT_EQ(heads[i].head, static_cast<int64_t>(i) % 3);
            EXPECT_EQ(heads[i].queries, queries);
            EXPECT_EQ(heads[i].keys, keys);
            EXPECT_EQ(heads[i].causal, place == AttentionPlace::decoder);
        };
        expect_head(4, AttentionPlace::encoder, 1, 6, 6);
        expect_head(6, AttentionPlace::decoder, 0, 3, 3);
        expect_head(17, AttentionPlace::cross, 1, 3, 6);
    }
}

/// Of the source, in the encoder and in cross-attention.
TEST(TranslationSamples, WithoutKeysHaveTheSoftmaxOverTheOthers) {
    for (const char* type : {"sdpa", "optimised", "efficient"}) {
        SavedModel saved = model_of(type);
        const Samples samples = samples_of_lines(saved, "c a b e d\th g\n", 2);
        ExplainedSample& sample = *samples.at(0);
        const Masks kept = {{1, 1, 1, 1, 1, 1}, {0, 1, 1, 1, 1, 1}, {1, 0, 1, 0, 1, 1}, {0, 0, 0, 0, 0, 1}};
        const std::vector<VariantAnswer> answers = sample.answers(kept, Removal::keys);
        EXPECT_CLOSE(answers[0].probability, sample.prediction().probability, 1e-5);
        for (size_t i = 0; i < kept.size(); ++i) {
            const double wanted =
                log_probability(logits_with_masked_columns(sample, kept[i]), sample.prediction().explained);
            EXPECT_CLOSE(std::log(answers[i].probability), wanted, 1e-5) << type << " " << i;
        }
    }
}

TEST(TranslationSamples, HaveTheSameAnswersInABatch) {
    for (const char* type : types) {
        SavedModel saved = model_of(type);
        const Samples samples = samples_of_lines(saved, "c a b e d\th g\nc unknown b e d\th g\n", 2);
        const Masks kept = {{1, 0, 1, 1, 1, 1}, {0, 0, 0, 1, 0, 1}, {1, 1, 1, 1, 1, 1}};
        for (const Removal removal : {Removal::keys, Removal::replacement}) {
            const std::vector<VariantAnswer> together = samples.at(0)->answers(kept, removal);
            for (size_t i = 0; i < kept.size(); ++i) {
                const Masks one = {kept[i]};
                EXPECT_CLOSE(samples[0]->answers(one, removal)[0].probability, together[i].probability, 1e-5);
            }
            EXPECT_CLOSE(together[2].probability, samples[0]->prediction().probability, 1e-5) << type;
            if (removal == Removal::replacement) {
                EXPECT_CLOSE(together[0].probability, samples.at(1)->prediction().probability, 1e-5) << type;
            }
        }
    }
}

TEST(TranslationSamples, ExplainTheTokensOfTheirTranslation) {
    SavedModel saved = model_of("sdpa");
    const Samples given = samples_of_lines(saved, "c a\th g\n\nb\n");
    ASSERT_GT(given.size(), 3U);
    EXPECT_EQ(given[0]->input().text, "c a");
    EXPECT_EQ(given[0]->input().target->tokens, (std::vector<std::string>{"h", "g", "</s>"}));
    EXPECT_TRUE(given[0]->input().target->given);
    EXPECT_EQ(given[1]->prediction().label, "g");
    EXPECT_EQ(given[2]->prediction().label, "</s>");
    EXPECT_EQ(given[2]->input().read_queries, std::vector<int64_t>{2});
    EXPECT_TRUE(given[0]->input().units.back().fixed);
    // The empty line is passed over, and the model's own translation is searched.
    const ExplainedSample& own = *given[3];
    EXPECT_TRUE(contains(own.input().place, ":3"));
    EXPECT_FALSE(own.input().target->given);
    EXPECT_EQ(own.input().target->tokens.size(), given.size() - 3);
    EXPECT_EQ(own.input().target->tokens.back(), "</s>");
    EXPECT_TRUE(samples_of_lines(saved, "c a\th g\n", 4).empty());
    expect_sound(*samples_of_lines(saved, "c\th\n", 1).at(0));

    const std::string long_target =
        message_of<UserError>([&] { samples_of_lines(saved, "c\ta b c d e f g h a b c d\n"); });
    EXPECT_TRUE(contains(long_target, "expected at most 8 tokens, got 12 in the translation")) << long_target;
}

}  // namespace
}  // namespace heed::test::translation_samples_test
