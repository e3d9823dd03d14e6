#include "heed/datasets/text/tokenizers/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/text/tokenizers/marian_tokenizer.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::tokenizer_test {
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
    EXPECT_EQ(tokenizer->serialized(),
              "heed words of all scripts lower-cased\nthe\na\nbr\ncat\ncat's\ncow\ndog\nend\ntail\n");
    EXPECT_EQ(tokenizer->vocabulary_size(), 4 + 9);
    EXPECT_EQ(tokenizer->encode("The\tcat\nmeows\xC2\xA0"
                                "A-dog"),
              (Ids{4, 7, 1, 5, 10}));
    EXPECT_EQ(tokenizer->decode(Ids{2, 4, 7, 1, 3, 0, 0}), "the cat <unk>");
    EXPECT_EQ(tokenizer->special(), SpecialTokens{});
    EXPECT_TRUE(tokenizer->encode("... !").empty());
}

TEST(WordTokenizer, PunctuationOfEveryScriptPartsWords) {
    const auto words_of = [](const std::string& text) {
        const auto tokenizer = trained({}, {text});
        std::set<std::string> words;
        for (int32_t id = 4; id < tokenizer->vocabulary_size(); ++id) words.insert(tokenizer->token(id));
        return words;
    };
    using Words = std::set<std::string>;
    EXPECT_EQ(words_of("¿Qué? ¡Sí! «hola»… „nein“ — 'ok' – 5€"), (Words{"qué", "sí", "hola", "nein", "'ok'", "5€"}));
    EXPECT_EQ(words_of("日本。東京、大阪・京都"), (Words{"日本", "東京", "大阪", "京都"}));
    EXPECT_EQ(words_of("मैं हूँ।ठीक؟نعم،لا"), (Words{"मैं", "हूँ", "ठीक", "نعم", "لا"}));
    // Marks inside of words, but not around them.
    EXPECT_EQ(words_of("don’t ‘quoted’ l’été col·lecció ·a· צה״ל"),
              (Words{"don't", "quoted", "l'été", "col·lecció", "a", "צה״ל"}));
    EXPECT_EQ(words_of("good😀 😀"), (Words{"good😀", "😀"}));
}

TEST(WordTokenizer, AccentsAreTheSameHoweverTheyAreWritten) {
    const auto tokenizer = trained({}, {"cafe\xcc\x81 caf\xc3\xa9 CAFE\xcc\x81"});
    EXPECT_EQ(tokenizer->vocabulary_size(), 5);
    EXPECT_EQ(tokenizer->token(4), "caf\xc3\xa9");
    EXPECT_EQ(tokenizer->encode("Cafe\xcc\x81"), (Ids{4}));
}

TEST(WordTokenizer, AnOlderOneCutsTextsAsItAlwaysDid) {
    const std::string bytes = "heed words lower-cased\n¿qué\ncafe\xcc\x81\n";
    const auto tokenizer = load_tokenizer("word", bytes);
    EXPECT_EQ(tokenizer->encode("¿Qué cafe\xcc\x81?"), (Ids{4, 5}));
    EXPECT_EQ(tokenizer->serialized(), bytes);
}

TEST(WordTokenizer, KeepsTheMostFrequentWordsWhateverTheOrderOfTheTexts) {
    TokenizerOptions options;
    options.vocabulary = 8;
    const std::vector<std::string> texts = {"x y z x", "y x b a c", "d z"};
    const auto tokenizer = trained(options, texts);
    EXPECT_EQ(tokenizer->serialized(), "heed words of all scripts lower-cased\nx\ny\nz\na\n");
    EXPECT_EQ(trained(options, {texts[2], texts[1], texts[0]})->serialized(), tokenizer->serialized());
}

TEST(WordTokenizer, LowerCasesLettersOfEveryLanguageOnlyWhenAsked) {
    TokenizerOptions options;
    EXPECT_EQ(trained(options, {"ÑANDÚ ñandú Straße ΑΒΓ"})->serialized(),
              "heed words of all scripts lower-cased\nñandú\nstraße\nαβγ\n");
    options.lower = false;
    EXPECT_EQ(trained(options, {"Ab ab"})->serialized(), "heed words of all scripts as they are\nAb\nab\n");
}

TEST(WordTokenizer, TheFileOfARunFolderIsReadAsItIs) {
    const test::TemporaryFolder folder;
    TokenizerOptions options;
    options.lower = false;
    const auto tokenizer = trained(options, {"One two two"});
    TokenizerOptions read;
    read.file = folder / "tokenizer.word";
    test::write_text(read.file, tokenizer->serialized());
    EXPECT_EQ(trained(read, {"other words"})->serialized(), tokenizer->serialized());
    EXPECT_FALSE(read.is_trained());
    test::write_text(read.file, "One\ntwo\n");
    EXPECT_TRUE(
        contains(message_of<UserError>([&] { trained(read, {}); }), "tokenizer.word': expected a word tokenizer"));
    read.type = "byte";
    EXPECT_TRUE(contains(message_of<UserError>([&] { read.validate(); }), "tokenizer.type byte, which needs none"));
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
    {
        // However many files are open.
        std::vector<std::unique_ptr<std::ifstream>> open;
        for (int i = 0; i < 150; ++i) open.push_back(std::make_unique<std::ifstream>("/dev/null"));
        const auto second = trained(sentencepiece(GetParam()), some_sentences());
        EXPECT_EQ(first->serialized(), second->serialized());
    }
    EXPECT_EQ(std::string::npos, first->serialized().find("/proc"));
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

TEST(SentencePieceModel, DamagedBytesAreRefusedOrDoNoHarm) {
    for (const char* model : {"bpe", "unigram"}) {
        const std::string bytes = trained(sentencepiece(model, 320), some_sentences())->serialized();
        const std::string text = "La casa ÁRBOL e\xcc\x81 río 12 \xe3\x80\x80 ﬁn.";
        uint64_t state = 12345;
        const auto next = [&] { return state = state * 6364136223846793005u + 1442695040888963407u, state >> 33; };
        int refused = 0, used = 0;
        for (int attempt = 0; attempt < 150; ++attempt) {
            std::string damaged = bytes;
            const uint64_t flips = 1 + next() % 4;
            for (uint64_t i = 0; i < flips; ++i) damaged[next() % damaged.size()] = static_cast<char>(next());
            try {
                const auto tokenizer = load_tokenizer("sentencepiece", damaged);
                const Ids ids = tokenizer->encode(text);
                tokenizer->decode(ids);
                ++used;
            } catch (const Error&) {
                ++refused;
            }
        }
        EXPECT_GT(refused, 10) << model;
        EXPECT_GT(used, 10) << model;
    }
}

TEST(SentencePieceModel, RulesThatLeadOutsideOfTheirMemoryAreRefused) {
    // A model of three pieces with rules of normalisation: their size, a double array, the texts.
    const auto sized = [](char tag, const std::string& bytes) {
        std::string size;
        for (std::size_t rest = bytes.size();; rest >>= 7) {
            size += static_cast<char>((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
            if (rest <= 0x7f) break;
        }
        return std::string(1, tag) + size + bytes;
    };
    const auto number = [](uint32_t value) { return std::string(reinterpret_cast<const char*>(&value), sizeof value); };
    const auto model = [&](const std::vector<uint32_t>& units, const std::string& texts) {
        std::string array;
        for (const uint32_t unit : units) array += number(unit);
        const std::string rules = number(static_cast<uint32_t>(array.size())) + array + texts;
        std::string bytes = sized('\x0a', sized('\x0a', "<unk>") + "\x18\x02");
        bytes += sized('\x0a', sized('\x0a', "\xe2\x96\x81") + "\x15" + number(0));
        bytes += sized('\x0a', sized('\x0a', "b") + "\x15" + number(0));
        return bytes + sized('\x1a', sized('\x12', rules));
    };
    // "a" becomes the text at place 0: unit 0 leads to children from 1024 / 1024 = 1 on, "a" has the value at its base.
    std::vector<uint32_t> units(256 + 2, 0);
    const auto offset = [](uint32_t places) { return places << 10; };
    units[0] = offset(0);
    units['a'] = 'a' | (1u << 8) | offset('a' ^ 256u);
    units[256] = 0x80000000u;
    std::vector<uint32_t> sound = units;
    sound.resize(512, 0);
    const std::string texts("b\0", 2);
    const auto tokenizer = load_tokenizer("sentencepiece", model(sound, texts));
    EXPECT_EQ(tokenizer->encode("a"), tokenizer->encode("b"));

    const auto refused = [&](const std::vector<uint32_t>& array, const std::string& replacements) {
        return message_of<UserError>([&] { load_tokenizer("sentencepiece", model(array, replacements)); });
    };
    const char* outside = "lead outside of their memory";
    EXPECT_TRUE(contains(refused(units, texts), outside)) << "children of a beyond the end";
    std::vector<uint32_t> far = sound;
    far[0] = offset(1u << 20);
    EXPECT_TRUE(contains(refused(far, texts), outside));
    std::vector<uint32_t> value = sound;
    value[256] = 0x80000000u | 2;
    EXPECT_TRUE(contains(refused(value, texts), outside));
    std::vector<uint32_t> circle = sound;
    circle['a'] = 'a' | offset('a');
    EXPECT_TRUE(contains(refused(circle, texts), outside));
    EXPECT_TRUE(contains(refused(sound, "b"), "the texts of the normalisation are damaged"));
    EXPECT_TRUE(contains(refused(sound, std::string("\xff\0", 2)), "the texts of the normalisation are damaged"));
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

TEST_F(WordPiece, TheFileOfARunFolderIsReadAsItIs) {
    const auto bert = tokenizer(true);
    test::write_text(options_.file, bert->serialized());
    options_.lower = false;
    const auto again = trained(options_, {});
    EXPECT_EQ(again->serialized(), bert->serialized()) << "its heading says that it lower-cases";
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

/// A tokenizer of Marian's whose pieces are those of a SentencePiece model in the opposite order.
std::string marian_bytes() {
    TokenizerOptions options = sentencepiece("unigram", 60);
    options.byte_fallback = false;
    options.coverage = 1;
    const auto pieces = trained(options, some_sentences());
    std::vector<std::string> tokens = {"</s>", "<unk>", ">>es<<"};
    for (auto id = static_cast<int32_t>(pieces->vocabulary_size()) - 1; id >= 0; --id) {
        const std::string piece = pieces->token(id);
        if (std::find(tokens.begin(), tokens.end(), piece) == tokens.end() && piece != "<pad>" && piece != "<s>") {
            tokens.push_back(piece);
        }
    }
    tokens.emplace_back("<pad>");
    return marian_tokenizer_bytes(tokens, pieces->serialized(), "the test");
}

TEST(MarianTokenizer, GivesPiecesTheIdsOfItsList) {
    TokenizerOptions options = sentencepiece("unigram", 60);
    options.byte_fallback = false;
    options.coverage = 1;
    const auto pieces = trained(options, some_sentences());
    const auto tokenizer = load_tokenizer("marian", marian_bytes());
    const std::string text(some_sentences().front());
    std::vector<std::string> want, got;
    for (const int32_t id : pieces->encode(text)) want.push_back(pieces->token(id));
    for (const int32_t id : tokenizer->encode(text)) got.push_back(tokenizer->token(id));
    EXPECT_EQ(got, want);
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), pieces->decode(pieces->encode(text)));
    EXPECT_EQ(tokenizer->encode(">>es<< " + text).front(), 2) << "a code of a language is one token";
    EXPECT_EQ(tokenizer->encode(">>xx<< " + text).front() == 2, false);
    EXPECT_EQ(tokenizer->special(), (SpecialTokens{static_cast<int32_t>(tokenizer->vocabulary_size()) - 1, 1,
                                                   static_cast<int32_t>(tokenizer->vocabulary_size()) - 1, 0}));
    EXPECT_EQ(tokenizer->decode(std::vector<int32_t>{1}), "");
    EXPECT_EQ(load_tokenizer("marian", tokenizer->serialized())->serialized(), tokenizer->serialized());
}

TEST(MarianTokenizer, DamagedBytesAreRefused) {
    const auto refusal = [](const std::string& bytes) {
        return message_of<UserError>([&] { load_tokenizer("marian", bytes); });
    };
    const std::string bytes = marian_bytes();
    EXPECT_TRUE(contains(refusal("rubbish\n"), "found \"rubbish\""));
    EXPECT_TRUE(contains(refusal("heed marian tokens -1\n"), "expected a tokenizer of heed import"));
    EXPECT_TRUE(contains(refusal("heed marian tokens 9999999999\n</s>\n"), "the list of tokens is cut off"));
    EXPECT_TRUE(contains(refusal("heed marian tokens 2\n</s>\n</s>\n"), "\"</s>\" comes twice"));
    EXPECT_TRUE(contains(refusal("heed marian tokens 2\n</s>\n<unk>\n"), "found no <pad>"));
    EXPECT_TRUE(contains(refusal(bytes.substr(0, bytes.size() - 3)), "expected a SentencePiece model"));
    TokenizerOptions options;
    options.type = "marian";
    EXPECT_TRUE(contains(message_of<UserError>([&] { options.validate(); }), "tokenizer.file is missing"));
    options.type = "word";
    options.target_file = "x";
    EXPECT_TRUE(contains(message_of<UserError>([&] { options.validate(); }), "needs a tokenizer.file as well"));
}

TEST(Tokenizer, BrokenTextIsRefused) {
    const auto tokenizer = trained({}, {"some words"});
    EXPECT_EQ(message_of<UserError>([&] { tokenizer->encode("caf\xe9 x"); }),
              "expected UTF-8 text, found broken UTF-8 (byte 0xe9) at byte 4 of \"caf\\xe9 x\"");
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
}  // namespace heed::tokenizer_test
