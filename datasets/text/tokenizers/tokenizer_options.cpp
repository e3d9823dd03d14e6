#include "heed/datasets/text/tokenizers/tokenizer_options.h"

#include <fmt/core.h>

#include "heed/core/error.h"
#include "heed/datasets/text/tokenizers/byte_tokenizer.h"
#include "heed/datasets/text/tokenizers/marian_tokenizer.h"
#include "heed/datasets/text/tokenizers/sentencepiece_tokenizer.h"
#include "heed/datasets/text/tokenizers/utf8.h"
#include "heed/datasets/text/tokenizers/word_tokenizer.h"
#include "heed/datasets/text/tokenizers/wordpiece_tokenizer.h"

namespace heed {

std::vector<std::string> tokenizer_kinds() {
    return {"word", "sentencepiece", "wordpiece", "marian", "byte"};
}

void TokenizerOptions::describe(Fields& fields) {
    fields
        .add("type", type,
             "word: the most frequent words, without punctuation; sentencepiece: pieces of words that give every text "
             "back; wordpiece: a BERT vocabulary, read from tokenizer.file; marian: pieces with ids of their own, as "
             "heed import writes them for a translator of Marian's; byte: the 256 bytes, for every text, with nothing "
             "to "
             "train and no special tokens")
        .choices(tokenizer_kinds())
        .advise("bpe", "that is tokenizer.type=sentencepiece with tokenizer.model=bpe")
        .advise("unigram", "that is tokenizer.type=sentencepiece with tokenizer.model=unigram");
    fields.add("vocabulary", vocabulary, "size of the vocabulary that is trained, special tokens included")
        .range(8, 1 << 24)
        .unit("tokens")
        .only_with("type", {"word", "sentencepiece"})
        .only_with("file", {""});
    fields.add("lower", lower, "lower-case all text; with wordpiece, accents are taken off as well")
        .only_with("type", {"word", "sentencepiece", "wordpiece"});
    const auto of_sentencepiece = [](Field& field) {
        field.only_with("type", {"sentencepiece"}).only_with("file", {""});
    };
    of_sentencepiece(fields.add("model", model, "how the vocabulary is trained").choices({"bpe", "unigram"}));
    of_sentencepiece(fields
                         .add("coverage", coverage,
                              "share of all characters of the texts that get tokens of their own; rarer characters are "
                              "written as bytes or unknown")
                         .range(0.9, 1));
    of_sentencepiece(fields.add("byte_fallback", byte_fallback,
                                "256 tokens of the vocabulary are bytes, so that no character is unknown"));
    of_sentencepiece(
        fields.add("sample", sample, "the vocabulary is trained on this much text at most, spread evenly over all")
            .range(1, 1e6)
            .unit("MB"));
    fields
        .add("file", file,
             "an existing SentencePiece model, BERT vocab.txt, or tokenizer of an import or a run folder "
             "(RUN/tokenizer.word); empty: trained on the training texts")
        .path();
    fields.add("target_file", target_file, "the same for a translator's target; empty: as tokenizer.file").path();
}

void TokenizerOptions::validate() const {
    if (type == "wordpiece" && file.empty()) {
        throw UserError("tokenizer.file is missing: tokenizer.type wordpiece expects a BERT vocab.txt there");
    }
    if (type == "marian" && file.empty()) {
        throw UserError("tokenizer.file is missing: tokenizer.type marian expects a tokenizer of heed import there");
    }
    if (file.empty() && !target_file.empty()) {
        throw UserError(fmt::format("tokenizer.target_file '{}' needs a tokenizer.file as well", target_file));
    }
    if (type == "byte" && !file.empty()) {
        throw UserError(
            fmt::format("tokenizer.file '{}' does not go with tokenizer.type byte, which needs none", file));
    }
    if (type == "sentencepiece" && file.empty() && byte_fallback && vocabulary < 300) {
        throw UserError(fmt::format(
            "tokenizer.vocabulary {} is too small for tokenizer.byte_fallback true, which takes 260 tokens (expected "
            "at least 300)",
            vocabulary));
    }
}

TokenizerOptions TokenizerOptions::of_target() const {
    TokenizerOptions target = *this;
    if (!target_file.empty()) target.file = target_file;
    return target;
}

std::string vocabulary_remark(const TokenizerOptions& options, int64_t size) {
    if (!options.is_trained() || size >= options.vocabulary) return "";
    return fmt::format("the training texts give a vocabulary of {} tokens only, fewer than tokenizer.vocabulary {}",
                       size, options.vocabulary);
}

std::unique_ptr<Tokenizer> train_tokenizer(const TokenizerOptions& options, std::span<const std::string_view> texts) {
    options.validate();
    if (options.type == "wordpiece") return read_wordpiece_vocabulary(options.file, options.lower);
    if (options.type == "byte") return load_byte_tokenizer(byte_tokenizer_bytes);
    if (options.type == "marian") return read_marian_tokenizer(options.file);
    if (options.is_read() && options.type == "word") return read_word_tokenizer(options.file);
    if (options.is_read()) return read_sentencepiece_model(options.file);
    if (texts.empty()) throw UserError("expected at least one text to train a tokenizer on, found none");
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (const std::string problem = text_problem(texts[i]); !problem.empty()) {
            throw UserError(fmt::format("expected UTF-8 in training text {}, found {}", i + 1, problem));
        }
    }
    if (options.type == "word") return train_word_tokenizer(options.vocabulary, options.lower, texts);
    return train_sentencepiece_tokenizer(options, texts);
}

}  // namespace heed
