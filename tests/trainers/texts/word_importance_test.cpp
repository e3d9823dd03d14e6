#include "heed/trainers/texts/word_importance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "heed/core/module/parameter_store.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/tests/support/close.h"
#include "heed/trainers/classification/class_probabilities.h"

namespace heed::word_importance_test {
namespace {

/// One text of each length, in words w0 to w9.
struct WordImportance : testing::Test {
    void classify(const std::vector<int64_t>& lengths) {
        for (const int64_t length : lengths) {
            std::string text;
            for (int64_t i = 0; i < length; ++i) text += "w" + std::to_string((i * i + length) % 10) + " ";
            texts.push_back(text);
        }
        std::vector<std::string_view> views(texts.begin(), texts.end());
        TokenizerOptions settings;
        settings.type = "word";
        tokenizer = train_tokenizer(settings, views);
        EncodeReport report;
        EncodedTextData data;
        data.classes = 3;
        data.test.texts = encode_texts(*tokenizer, views, {}, report);
        for (size_t i = 0; i < texts.size(); ++i) data.test.labels.add(std::vector<int32_t>{0});
        TextClassifierOptions options;
        options.dim = 8;
        options.depth = 1;
        options.heads = 2;
        options.mlp_dim = 8;
        model = make_text_classifier(options, {&attention_type("sdpa"), &attention},
                                     {tokenizer->vocabulary_size(), 1000, 3});
        store = std::make_unique<ParameterStore>(context, *model, 5);
        task = std::make_unique<TextTask>(context, *model, data, LabelLossOptions{});
    }

    std::vector<double> probabilities(std::vector<int32_t> ids) {
        NoGradient guard(context);
        const auto tokens = static_cast<int32_t>(ids.size());
        const std::vector<float> found =
            class_probabilities(task->classify({std::move(ids), {tokens}, 1, tokens}), false);
        return {found.begin(), found.end()};
    }

    Context context;
    std::vector<std::string> texts;
    std::unique_ptr<Tokenizer> tokenizer;
    AttentionOptions attention;
    std::unique_ptr<TextClassifier> model;
    std::unique_ptr<ParameterStore> store;
    std::unique_ptr<TextTask> task;
};

TEST_F(WordImportance, LooksAtTheTokensOfThePrediction) {
    classify({3, 256, 257, 700});
    const EncodedTexts& encoded = task->data().test.texts;
    Evaluation test;  // all are mistakes but the first
    for (int64_t i = 1; i < encoded.size(); ++i) test.mistakes.push_back({i, 0, 1, 0.5});
    const std::vector<ImportantWords> found = important_words(*task, *tokenizer, test);
    ASSERT_EQ(found.size(), 4U);
    const int32_t unknown = tokenizer->special().unknown;
    for (int64_t i = 0; i < encoded.size(); ++i) {
        SCOPED_TRACE(i);
        const ImportantWords& text = found[static_cast<size_t>(i)];
        const std::vector<int32_t> ids(encoded.ids(i).begin(), encoded.ids(i).end());
        const std::vector<double> whole = probabilities(ids);
        const auto best = static_cast<size_t>(std::max_element(whole.begin(), whole.end()) - whole.begin());
        EXPECT_EQ(text.prediction, static_cast<int32_t>(best));
        EXPECT_CLOSE(text.probability, whole[best], 1e-6);
        const size_t at_once = i < 2 ? 1 : i == 2 ? 2 : 3;
        EXPECT_EQ(text.tokens_a_word, static_cast<int64_t>(at_once));
        ASSERT_EQ(text.words.size(), (ids.size() + at_once - 1) / at_once);
        std::string words;
        for (size_t word = 0; word < text.words.size(); ++word) {
            words += text.words[word].text + " ";
            if (word % 50 != 0 && word + 1 != text.words.size()) continue;
            std::vector<int32_t> without = ids;
            for (size_t t = word * at_once; t < std::min((word + 1) * at_once, ids.size()); ++t) without[t] = unknown;
            EXPECT_NEAR(text.words[word].fall, whole[best] - probabilities(without)[best], 1e-6) << word;
        }
        EXPECT_EQ(words, texts[static_cast<size_t>(i)]);
    }
}

}  // namespace
}  // namespace heed::word_importance_test
