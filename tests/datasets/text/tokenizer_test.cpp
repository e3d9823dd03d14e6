#include "heed/datasets/text/tokenizers/tokenizer.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed {
namespace {

using test::begins_with;
using test::contains;
using test::message_of;
using Ids = std::vector<int32_t>;

std::unique_ptr<Tokenizer> trained(const TokenizerOptions& options, const std::vector<std::string>& texts) {
    return train_tokenizer(options, std::vector<std::string_view>(texts.begin(), texts.end()));
}

TokenizerOptions sentencepiece(const std::string& model, int64_t vocabulary = 500) {
    TokenizerOptions options;
    options.type = "sentencepiece";
    options.model = model;
    options.vocabulary = vocabulary;
    options.lower = false;
    return options;
}

std::vector<std::string> some_sentences() {
    std::vector<std::string> texts;
    for (int i = 0; i < 60; ++i) {
        texts.push_back("The old house stands near the river number " + std::to_string(i) + ".");
        texts.push_back("¿Dónde está la casa vieja del señor Núñez? ¡Ahí, junto al río número " + std::to_string(i) +
                        "!");
        texts.push_back("Él vivió allí muchos años; después se fue a Perú con su pingüino.");
    }
    return texts;
}

TEST(WordTokenizer, CountsWordsAsKerasDoes) {
    TokenizerOptions options;
    const auto tokenizer = trained(options, {"The cat, the DOG; the cow!", "a cat's <br />tail... (the end)"});
    // Frequency first, then bytes: the (4), then those that come once, of which "a" is first.
    EXPECT_EQ(tokenizer->serialized(), "heed words lower-cased\nthe\na\nbr\ncat\ncat's\ncow\ndog\nend\ntail\n");
    EXPECT_EQ(tokenizer->vocabulary_size(), 4 + 9);
    EXPECT_EQ(tokenizer->encode("The\tcat\nmeows\xC2\xA0"
                                "A-dog"),
              (Ids{4, 7, 1, 5, 10}));
    EXPECT_EQ(tokenizer->decode(Ids{2, 4, 7, 1, 3, 0, 0}), "the cat <unk>");
    EXPECT_EQ(tokenizer->special(), SpecialTokens{});
    EXPECT_TRUE(tokenizer->encode("... !").empty());
}

TEST(WordTokenizer, KeepsTheMostFrequentWordsWhateverTheOrderOfTheTexts) {
    TokenizerOptions options;
    options.vocabulary = 8;
    const std::vector<std::string> texts = {"x y z x", "y x b a c", "d z"};
    const auto tokenizer = trained(options, texts);
    EXPECT_EQ(tokenizer->serialized(), "heed words lower-cased\nx\ny\nz\na\n");
    EXPECT_EQ(trained(options, {texts[2], texts[1], texts[0]})->serialized(), tokenizer->serialized());
}

TEST(WordTokenizer, LowerCasesLettersOfEveryLanguageOnlyWhenAsked) {
    TokenizerOptions options;
    EXPECT_EQ(trained(options, {"ÑANDÚ ñandú Straße ΑΒΓ"})->serialized(),
              "heed words lower-cased\nñandú\nstraße\nαβγ\n");
    options.lower = false;
    EXPECT_EQ(trained(options, {"Ab ab"})->serialized(), "heed words as they are\nAb\nab\n");
}

TEST(WordTokenizer, TextsWithoutWordsAreRefused) {
    EXPECT_TRUE(contains(message_of<UserError>([] { trained({}, {"!!", " "}); }), "found none in the texts"));
    EXPECT_TRUE(contains(message_of<UserError>([] { trained({}, {}); }), "at least one text"));
}

class SentencePiece : public testing::TestWithParam<const char*> {};

TEST_P(SentencePiece, GivesEveryTextBack) {
    const auto tokenizer = trained(sentencepiece(GetParam()), some_sentences());
    EXPECT_LE(tokenizer->vocabulary_size(), 500);
    EXPECT_EQ(tokenizer->special(), SpecialTokens{});
    const std::vector<std::string> texts = {
        "The old house.", "¿Qué año es? ¡Mañana, señor! áéíóú ÁÉÍÓÚ ñ Ñ ü",
        "never seen: Zürich, 東京, ελληνικά, 😀👩‍👩‍👧 1º 2ª … ½ “quoted” 3 < 4 "
        "<s> </s> <0x41> [CLS]",
        "x̣̂", ""};
    for (const std::string& text : texts) {
        const Ids ids = tokenizer->encode(text);
        EXPECT_EQ(tokenizer->decode(ids), text);
        for (const int32_t id : ids) {
            EXPECT_GT(id, tokenizer->special().end) << "byte fallback leaves nothing unknown: " << text;
            EXPECT_LT(id, tokenizer->vocabulary_size());
        }
    }
}

TEST_P(SentencePiece, ComposesAccentsAndMakesBlanksOfWhiteSpace) {
    const auto tokenizer = trained(sentencepiece(GetParam()), some_sentences());
    EXPECT_EQ(tokenizer->decode(tokenizer->encode("  el  an\xCC\x83o\tque\xC2\xA0viene\n\x01ya ")),
              "el año que viene ya");
    EXPECT_EQ(tokenizer->encode("mun\xCC\x83oz"), tokenizer->encode("muñoz"));
    TokenizerOptions lower = sentencepiece(GetParam());
    lower.lower = true;
    const auto small = trained(lower, some_sentences());
    EXPECT_EQ(small->decode(small->encode("¡ÁÑO Nuevo! N\xCC\x83")), "¡áño nuevo! ñ");
}

TEST_P(SentencePiece, TrainsTheSameModelAgain) {
    const auto first = trained(sentencepiece(GetParam()), some_sentences());
    const auto second = trained(sentencepiece(GetParam()), some_sentences());
    EXPECT_EQ(first->serialized(), second->serialized());
    const auto loaded = load_tokenizer(first->kind(), first->serialized());
    EXPECT_EQ(loaded->serialized(), first->serialized());
    EXPECT_EQ(loaded->vocabulary_size(), first->vocabulary_size());
    EXPECT_EQ(loaded->encode("La casa vieja"), first->encode("La casa vieja"));
}

TEST_P(SentencePiece, WithoutBytesRareCharactersAreUnknown) {
    TokenizerOptions options = sentencepiece(GetParam(), 120);
    options.byte_fallback = false;
    const auto tokenizer = trained(options, some_sentences());
    EXPECT_LE(tokenizer->vocabulary_size(), 120);
    const Ids ids = tokenizer->encode("house 東");
    EXPECT_EQ(ids.back(), tokenizer->special().unknown);
    EXPECT_EQ(tokenizer->decode(tokenizer->encode("The river")), "The river");
}

TEST_P(SentencePiece, LongTextsAndWordsAreNoTrouble) {
    std::vector<std::string> texts = some_sentences();
    std::string word;
    for (int i = 0; i < 20000; ++i) word += "ñá";
    texts.push_back(word);
    const auto tokenizer = trained(sentencepiece(GetParam()), texts);
    const std::string sentence = "The house of Núñez. ";
    const Ids ids = tokenizer->encode(sentence);
    std::string line;
    Ids expected;
    while (line.size() < 1'000'000) {
        line += sentence;
        expected.insert(expected.end(), ids.begin(), ids.end());
    }
    EXPECT_TRUE(tokenizer->encode(line) == expected);
    EXPECT_TRUE(tokenizer->decode(tokenizer->encode(word)) == word);
}

TEST_P(SentencePiece, AVocabularyThatIsTooSmallIsRefused) {
    TokenizerOptions options = sentencepiece(GetParam(), 20);
    options.byte_fallback = false;
    const std::string message = message_of<UserError>([&] { trained(options, some_sentences()); });
    EXPECT_TRUE(begins_with(message, "tokenizer.vocabulary 20 is too small for these texts")) << message;
    EXPECT_FALSE(contains(message, ".cc")) << message;  // what the library says of its own sources
    options.byte_fallback = true;
    EXPECT_TRUE(contains(message_of<UserError>([&] { options.validate(); }), "tokenizer.vocabulary 20 is too small"));
}

INSTANTIATE_TEST_SUITE_P(Models, SentencePiece, testing::Values("bpe", "unigram"),
                         [](const auto& model) { return std::string(model.param); });

TEST(TokenizerOptions, AVocabularyThatTheTextsCannotFillIsTold) {
    TokenizerOptions options = sentencepiece("unigram", 5000);
    EXPECT_EQ(vocabulary_remark(options, 5000), "");
    EXPECT_EQ(vocabulary_remark(options, 812),
              "the training texts give a vocabulary of 812 tokens only, fewer than tokenizer.vocabulary 5000");
    options.file = "some.model";
    EXPECT_EQ(vocabulary_remark(options, 812), "");
}

TEST(TokenizerOptions, AKindOfSentencePieceVocabularyIsNoType) {
    TokenizerOptions options;
    Fields fields;
    options.describe(fields);
    EXPECT_TRUE(contains(fields.find("type")->set_from_text("bpe"),
                         "(that is tokenizer.type=sentencepiece with tokenizer.model=bpe)"));
}

TEST(SentencePieceModel, IsReadFromAFileOrRefused) {
    test::TemporaryFolder folder;
    const auto tokenizer = trained(sentencepiece("bpe"), some_sentences());
    test::write_text(folder / "some.model", tokenizer->serialized());
    TokenizerOptions options = sentencepiece("bpe");
    options.file = folder / "some.model";
    EXPECT_EQ(trained(options, {})->serialized(), tokenizer->serialized());

    test::write_text(options.file, tokenizer->serialized().substr(0, tokenizer->serialized().size() / 2));
    const std::string damaged = message_of<UserError>([&] { trained(options, {}); });
    EXPECT_TRUE(contains(damaged, "'" + options.file + "'"));
    EXPECT_FALSE(contains(damaged, ".cc")) << damaged;
    test::write_text(options.file, "");
    EXPECT_TRUE(begins_with(message_of<UserError>([&] { trained(options, {}); }), "expected a SentencePiece model"));
    test::write_text(options.file, "no model at all");
    EXPECT_TRUE(begins_with(message_of<UserError>([&] { trained(options, {}); }), "expected a SentencePiece model"));
    options.file = folder / "missing";
    EXPECT_TRUE(contains(message_of<UserError>([&] { trained(options, {}); }), "missing"));
}

std::string bert_vocabulary() {
    return "[PAD]\n[unused0]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##aff\n##able\nwant\n##ed\n,\nrunn\n##ing\n東\n京\nno\n!"
           "\ncancion\n"
           "nino\n";
}

class WordPiece : public testing::Test {
protected:
    std::unique_ptr<Tokenizer> tokenizer(bool lower = true, const std::string& vocabulary = bert_vocabulary()) {
        test::write_text(options_.file, vocabulary);
        options_.lower = lower;
        return trained(options_, {});
    }

    test::TemporaryFolder folder_;
    TokenizerOptions options_ = [this] {
        TokenizerOptions options;
        options.type = "wordpiece";
        options.file = folder_ / "vocab.txt";
        return options;
    }();
};

TEST_F(WordPiece, CutsWordsAsBertDoes) {
    const auto bert = tokenizer();
    EXPECT_EQ(bert->special(), (SpecialTokens{0, 2, 3, 4}));
    EXPECT_EQ(bert->vocabulary_size(), 20);
    EXPECT_EQ(bert->encode(" UNwant\u00e9d,running "), (Ids{2, 11, 12, 13}));
    EXPECT_EQ(bert->encode("unaffable"), (Ids{6, 7, 8}));
    EXPECT_EQ(bert->encode("wanted!no"), (Ids{9, 10, 17, 16}));
    EXPECT_EQ(bert->encode("no東京no"), (Ids{16, 14, 15, 16}));
    EXPECT_EQ(bert->encode("CANCIÓN ni\u00f1o nin\xCC\x83o"), (Ids{18, 19, 19}));
    EXPECT_EQ(bert->encode("n\x01o\xEF\xBF\xBD no\xC2\xA0no\rno"), (Ids{16, 16, 16, 16}));
    EXPECT_EQ(bert->encode(std::string(101, 'n')), (Ids{2}));
    EXPECT_TRUE(bert->encode("").empty());
    EXPECT_EQ(bert->decode(Ids{3, 6, 7, 8, 17, 4, 0}), "unaffable !");
    EXPECT_EQ(tokenizer(false)->encode("canción No no"), (Ids{2, 2, 16}));
}

TEST_F(WordPiece, IsMadeAgainFromItsBytes) {
    for (const bool lower : {true, false}) {
        const auto bert = tokenizer(lower);
        const auto again = load_tokenizer("wordpiece", bert->serialized());
        EXPECT_EQ(again->serialized(), bert->serialized());
        EXPECT_EQ(again->encode("No wanted"), bert->encode("No wanted"));
    }
}

TEST_F(WordPiece, ADamagedVocabularyIsRefused) {
    EXPECT_TRUE(contains(message_of<UserError>([&] { tokenizer(true, "[PAD]\n[UNK]\n[CLS]\nno\n"); }), "[SEP]"));
    EXPECT_TRUE(contains(message_of<UserError>([&] { tokenizer(true, bert_vocabulary() + "no\n"); }),
                         "line 21: the token \"no\" comes twice"));
    EXPECT_TRUE(contains(message_of<UserError>([&] { tokenizer(true, "[PAD]\n\xff\n"); }),
                         "line 2: expected UTF-8 text, found broken UTF-8 (byte 0xff) at byte 1"));
    options_.file = "";
    EXPECT_TRUE(begins_with(message_of<UserError>([&] { trained(options_, {}); }), "tokenizer.file is missing"));
}

TEST(Tokenizer, BrokenTextIsRefused) {
    const auto tokenizer = trained({}, {"some words"});
    EXPECT_EQ(message_of<UserError>([&] { tokenizer->encode("caf\xe9 x"); }),
              "expected UTF-8 text, found broken UTF-8 (byte 0xe9) at byte 4 of \"caf\xe9 x\"");
    EXPECT_TRUE(contains(message_of<UserError>([&] { tokenizer->encode(std::string_view("a\0b", 3)); }),
                         "a NUL byte at byte 2"));
    for (const char* broken : {"\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", "\x80"}) {
        EXPECT_TRUE(contains(message_of<UserError>([&] { tokenizer->encode(broken); }), "broken UTF-8"));
        EXPECT_TRUE(contains(message_of<UserError>([&] { trained({}, {"fine", broken}); }), "training text 2"));
    }
}

TEST(Tokenizer, IdsOutsideOfTheVocabularyAreRefused) {
    const auto tokenizer = trained({}, {"some words"});
    EXPECT_TRUE(contains(message_of<Error>([&] { tokenizer->decode(Ids{4, 6}); }), "token id 6"));
    EXPECT_TRUE(contains(message_of<Error>([&] { tokenizer->decode(Ids{-1}); }), "token id -1"));
    EXPECT_EQ(tokenizer->token(4), "some");
    EXPECT_TRUE(contains(message_of<Error>([&] { tokenizer->token(6); }), "token id 6"));
}

TEST(Tokenizer, DamagedBytesAreRefused) {
    const auto words = trained({}, {"some words"});
    EXPECT_EQ(load_tokenizer("word", words->serialized())->encode("Words some"), (Ids{5, 4}));
    EXPECT_TRUE(contains(message_of<UserError>([] { load_tokenizer("word", "rubbish"); }), "\"rubbish\""));
    EXPECT_TRUE(contains(message_of<UserError>([&] { load_tokenizer("word", words->serialized() + "some\n"); }),
                         "\"some\" comes twice"));
    EXPECT_TRUE(contains(message_of<UserError>([&] { load_tokenizer("word", words->serialized() + "\n"); }),
                         "line 4 is empty"));
    EXPECT_TRUE(contains(message_of<UserError>([&] { load_tokenizer("wordpiece", words->serialized()); }),
                         "expected a wordpiece tokenizer"));
    EXPECT_TRUE(contains(message_of<UserError>([] { load_tokenizer("words", ""); }), "(did you mean word?)"));
}

}  // namespace
}  // namespace heed
