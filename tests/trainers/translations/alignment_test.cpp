#include "heed/trainers/translations/alignment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "heed/attention/registry.h"
#include "heed/attention/smyrf/smyrf_attention.h"
#include "heed/core/forward_observer.h"
#include "heed/core/module/parameter_store.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/trainers/loop/training_watch.h"
#include "heed/trainers/translations/alignment_section.h"
#include "heed/trainers/translations/translation_task.h"

namespace heed::alignment_test {
namespace {

using test::contains;

constexpr int32_t vocabulary = 12;

/// A translator with random weights that reads and writes the words a to h.
struct WordTranslator {
    explicit WordTranslator(const std::string& cross) {
        const std::vector<std::string_view> texts = {"a b c d e f g h"};
        TokenizerOptions words;
        words.vocabulary = vocabulary;
        const auto tokenizer = train_tokenizer(words, texts);
        input.joint = true;
        input.max_source_tokens = input.max_target_tokens = 9;
        input.source_vocabulary = input.target_vocabulary = vocabulary;
        input.source_tokenizer = {tokenizer->kind(), tokenizer->serialized()};
        tokenizers.emplace(input);
        TranslatorOptions options;
        options.dim = 8;
        options.encoder_depth = 1;
        options.decoder_depth = 2;
        options.heads = 2;
        options.mlp_dim = 16;
        const AttentionChoice sdpa = {&attention_type("sdpa"), &attention_options};
        cross_options = attention_type(cross).make_options();
        if (auto* smyrf = dynamic_cast<SmyrfOptions*>(cross_options.get())) smyrf->cluster = 2;
        model = make_translator(
            options, {sdpa, sdpa, {&attention_type(cross), dynamic_cast<AttentionOptions*>(cross_options.get())}},
            {vocabulary, vocabulary, 9, 9, true});
        store = std::make_unique<ParameterStore>(context, *model, 5);
    }

    Alignment align(std::string_view source, const std::string& translation) {
        EncodeReport report;
        const std::vector<int32_t> ids =
            encode_text(*tokenizers->source, source, input.source_encode_options(), report);
        TranslationText text;
        text.text = translation;
        text.ids = tokenizers->target->encode(translation);
        return align_translation(context, *model, *tokenizers, ids, text, std::string(source));
    }

    Context context{"cpu"};
    AttentionOptions attention_options;
    std::unique_ptr<Options> cross_options;
    TranslationDataFacts input;
    std::optional<TranslationTokenizers> tokenizers;
    std::unique_ptr<Translator> model;
    std::unique_ptr<ParameterStore> store;
};

TEST(Alignment, HasTheWeightsOfEveryTypeInTheCrossPlace) {
    for (const AttentionType& type : attention_types()) {
        if (!type.capabilities.causal_cross || !type.capabilities.weights) continue;
        SCOPED_TRACE(type.name);
        WordTranslator translator{std::string(type.name)};
        const Alignment alignment = translator.align("c a b", "h g");
        EXPECT_EQ(alignment.source, "c a b");
        EXPECT_EQ(alignment.translation, "h g");
        EXPECT_EQ(alignment.source_tokens, (std::vector<std::string>{"c", "a", "b", "</s>"}));
        EXPECT_EQ(alignment.target_tokens, (std::vector<std::string>{"h", "g", "</s>"}));
        EXPECT_EQ(alignment.layers, 2);
        EXPECT_EQ(alignment.heads, 2);
        ASSERT_EQ(alignment.weights.size(), 4U);
        for (const std::vector<float>& weights : alignment.weights) {
            ASSERT_EQ(weights.size(), 12U);
            for (size_t row = 0; row < 3; ++row) {
                double sum = 0;
                for (size_t column = 0; column < 4; ++column) sum += weights[4 * row + column];
                EXPECT_NEAR(sum, 1, 1e-5);
            }
        }
        EXPECT_NE(alignment.weights[0], alignment.weights[1]);
        EXPECT_NE(alignment.weights[0], alignment.weights[2]);
    }
}

TEST(Alignment, ARowBelongsToTheTokenThatIsMadeThere) {
    WordTranslator translator("sdpa");
    const Alignment one = translator.align("c a b", "h g"), other = translator.align("c a b", "h a");
    // "g" and "a" are made from the same; only behind them the decoder has read something else.
    for (size_t head = 0; head < 4; ++head) {
        for (size_t i = 0; i < 8; ++i) EXPECT_NEAR(one.weights[head][i], other.weights[head][i], 1e-6);
        double difference = 0;
        for (size_t i = 8; i < 12; ++i) difference += std::abs(one.weights[head][i] - other.weights[head][i]);
        EXPECT_GT(difference, 1e-6);
    }
}

Alignment small_alignment() {
    Alignment alignment;
    alignment.source = "a < b";
    alignment.translation = "c";
    alignment.source_tokens = {"<unk>", "b"};
    alignment.target_tokens = {"\u2581c", "</s>"};
    alignment.layers = 1;
    alignment.heads = 2;
    alignment.weights = {{1.0F, 0.0F, 0.5F, 0.5F}, {0.5F, 0.5F, 0.0F, 1.0F}};
    return alignment;
}

TEST(Alignment, TheMeanIsOverTheHeadsOfALayer) {
    EXPECT_EQ(small_alignment().layer_mean(0), (std::vector<float>{0.75F, 0.25F, 0.25F, 0.75F}));
}

TEST(AlignmentPicture, NamesTokensAndWeights) {
    const std::string html = alignment_html(small_alignment());
    EXPECT_TRUE(contains(html, "a &lt; b<br/><b>c</b>"));
    EXPECT_TRUE(contains(html, "<span>&lt;unk&gt;</span>"));
    EXPECT_TRUE(contains(html, "<th scope=\"row\">&lt;/s&gt;</th>"));
    EXPECT_TRUE(contains(html, "title=\"·c looks at &lt;unk&gt;: 0.75\">75</td>")) << html;
    EXPECT_TRUE(contains(html, "title=\"&lt;/s&gt; looks at &lt;unk&gt;: 0.25\">25</td>")) << html;
    EXPECT_TRUE(contains(html, "alt=\"layer 0, head 1\""));
    EXPECT_FALSE(contains(html, "layer 1"));
}

TEST(AlignmentPicture, SaysWhatIsNotDrawn) {
    Alignment many = small_alignment();
    many.layers = 13;
    many.heads = 17;
    many.weights.assign(13 * 17, {1.0F, 0.0F, 0.0F, 1.0F});
    const std::string html = alignment_html(many);
    EXPECT_TRUE(contains(html, "Of 13 layers, 12 are drawn."));
    EXPECT_TRUE(contains(html, "Of 17 heads, 16 are drawn."));
    EXPECT_FALSE(contains(html, "layer 12"));
    EXPECT_FALSE(contains(html, "head 16"));
    Alignment large = small_alignment();
    large.source_tokens.assign(97, "b");
    EXPECT_TRUE(contains(alignment_html(large), "97 source and 2 target tokens are too many to be drawn: at most 96"));
    const std::string page = alignment_page({small_alignment()}, 120, "R & D", "Read <this>.");
    EXPECT_TRUE(contains(page, "<title>R &amp; D</title>"));
    EXPECT_TRUE(contains(page, "Read &lt;this&gt;."));
    EXPECT_TRUE(contains(page, "Of 120 translations, the first 1 are drawn."));
}

/// Takes the number of queries and keys of each place.
struct Sizes final : ForwardObserver {
    void hidden(int64_t, const Tensor&) override {}
    bool wants_attention(AttentionPlace) const override { return true; }
    void attention(AttentionPlace place, int64_t block, const Tensor& weights) override {
        if (block > 0) return;
        EXPECT_EQ(weights.shape()[0], 1) << "sentences are shown one by one";
        sizes[place].emplace_back(weights.shape()[2], weights.shape()[3]);
    }
    std::map<AttentionPlace, std::vector<std::pair<int64_t, int64_t>>> sizes;
};

TEST(TranslationWatch, MeasuresAllPlacesWithoutPadding) {
    WordTranslator translator("sdpa");
    EncodedTranslationData data;
    for (int i = 0; i < 6; ++i) {
        data.train.sources.add(std::vector<int32_t>(static_cast<size_t>(1 + i), 4));
        data.train.targets.add(std::vector<int32_t>(static_cast<size_t>(8 - i), 5));
    }
    TranslationTask task(translator.context, *translator.model, std::move(data), 0.0, {});
    BatchPlan plan;
    plan.batch = 1000;
    task.begin(plan);
    task.next({});
    translator.context.tape().clear();
    Sizes sizes;
    task.observe(sizes, 4);
    ASSERT_EQ(sizes.sizes[AttentionPlace::cross].size(), 4U);
    // Without weights all that a query may look at counts alike.
    for (ParameterGroup& group : translator.store->groups()) {
        group.values.copy_from_host(std::vector<float>(static_cast<size_t>(group.values.elements())).data());
    }
    const int64_t four_samples = 128000000 / 4;
    TrainingWatch watch(task, *translator.store, four_samples, 1);
    ASSERT_EQ(watch.samples(), 4);
    std::map<std::string, double> values;
    for (const WatchedValue& each : watch.after_step(1)) values[each.name] = each.value;
    double encoder = 0, decoder = 0, cross = 0;
    for (const auto& [queries, keys] : sizes.sizes[AttentionPlace::encoder]) encoder += std::log(keys) / 4;
    for (const auto& [queries, keys] : sizes.sizes[AttentionPlace::cross]) cross += std::log(keys) / 4;
    for (const auto& [queries, keys] : sizes.sizes[AttentionPlace::decoder]) {
        for (int64_t t = 1; t <= queries; ++t) decoder += std::log(t) / static_cast<double>(queries) / 4;
    }
    EXPECT_CLOSE(values.at("attention_entropy.0"), encoder, 1e-5);
    for (const char* block : {"0", "1"}) {
        EXPECT_CLOSE(values.at(std::string("attention_entropy.decoder.") + block), decoder, 1e-5);
        EXPECT_CLOSE(values.at(std::string("attention_entropy.cross.") + block), cross, 1e-5);
    }
    EXPECT_EQ(values.size(), 5U);
}

}  // namespace
}  // namespace heed::alignment_test
