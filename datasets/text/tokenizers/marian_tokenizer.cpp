#include "heed/datasets/text/tokenizers/marian_tokenizer.h"

#include <fmt/core.h>
#include <sentencepiece_processor.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "heed/core/error.h"
#include "heed/core/settings/number_text.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/files/byte_reader.h"
#include "heed/datasets/text/files/text_file.h"
#include "heed/datasets/text/tokenizers/sentencepiece_call.h"
#include "heed/datasets/text/tokenizers/sentencepiece_check.h"
#include "heed/datasets/text/tokenizers/utf8.h"
#include "heed/datasets/text/tokenizers/vocabulary.h"

namespace heed {

namespace {

constexpr std::string_view marian_heading = "heed marian tokens ";
constexpr std::string_view blank_mark = "\xe2\x96\x81";  // "▁" stands for a blank

Vocabulary marian_vocabulary(std::span<const std::string> tokens, const std::string& where) {
    Vocabulary vocabulary;
    for (const std::string& token : tokens) {
        if (token.empty() || token.find_first_of("\r\n") != std::string::npos || !text_problem(token).empty()) {
            throw UserError(fmt::format("{}: the token {} is empty or no line of text", where, quote(token)));
        }
        if (!vocabulary.add(token)) throw UserError(fmt::format("{}: the token {} comes twice", where, quote(token)));
    }
    return vocabulary;
}

int32_t marian_special(const Vocabulary& vocabulary, const char* token, const std::string& where) {
    const std::optional<int32_t> id = vocabulary.find(token);
    if (!id) throw UserError(fmt::format("{}: expected a vocabulary of Marian's, found no {} in it", where, token));
    return *id;
}

class MarianTokenizer final : public Tokenizer {
public:
    MarianTokenizer(std::string_view bytes, const std::string& where) : bytes_(bytes) {
        const MarianTokenizerParts parts = marian_tokenizer_parts(bytes_, where);
        vocabulary_ = marian_vocabulary(parts.tokens, where);
        special_.unknown = marian_special(vocabulary_, "<unk>", where);
        special_.end = marian_special(vocabulary_, "</s>", where);
        special_.pad = special_.begin = marian_special(vocabulary_, "<pad>", where);
        std::string problem = sentencepiece_problem(parts.sentencepiece);
        if (problem.empty() &&
            !sentencepiece_succeeds([&] { return processor_.LoadFromSerializedProto(parts.sentencepiece); })) {
            problem = "the library refuses it";
        }
        if (!problem.empty()) {
            throw UserError(fmt::format("{}: expected a SentencePiece model, found something else or a damaged one: {}",
                                        where, problem));
        }
        for (int piece = 0; piece < processor_.GetPieceSize(); ++piece) {
            if (processor_.IsByte(piece)) throw UserError(where + ": pieces that are bytes are not supported");
        }
    }

    std::string token(int32_t id) const override {
        if (id < 0 || id >= vocabulary_.size()) throw Error(fmt::format("token id {} is not in the vocabulary", id));
        return vocabulary_.token(id);
    }
    int64_t vocabulary_size() const override { return vocabulary_.size(); }
    SpecialTokens special() const override { return special_; }
    std::string kind() const override { return "marian"; }
    std::string serialized() const override { return bytes_; }

private:
    std::vector<int32_t> encode_valid(std::string_view text) const override {
        std::vector<int32_t> ids;
        if (const size_t end = text.find("<<"); text.starts_with(">>") && end != std::string_view::npos) {
            if (const auto code = vocabulary_.find(text.substr(0, end + 2))) {
                ids.push_back(*code);
                text.remove_prefix(end + 2);
            }
        }
        std::vector<std::string> pieces;
        if (!sentencepiece_succeeds([&] { return processor_.Encode(text, &pieces); })) {
            throw Error("SentencePiece cannot encode a text of " + std::to_string(text.size()) + " bytes");
        }
        for (const std::string& piece : pieces) ids.push_back(vocabulary_.find(piece).value_or(special_.unknown));
        return ids;
    }

    /// The pieces one after the other: a vocabulary of two languages has some that this model of pieces lacks.
    std::string decode_plain(std::span<const int32_t> ids) const override {
        std::string text;
        for (const int32_t id : ids) {
            if (id == special_.unknown) continue;
            std::string_view piece = vocabulary_.token(id);
            for (size_t at = 0; (at = piece.find(blank_mark)) != std::string_view::npos;) {
                text += piece.substr(0, at);
                text += ' ';
                piece.remove_prefix(at + blank_mark.size());
            }
            text += piece;
        }
        return std::string(trimmed(text));
    }

    std::string bytes_;
    Vocabulary vocabulary_;
    SpecialTokens special_;
    sentencepiece::SentencePieceProcessor processor_;
};

}  // namespace

std::string marian_tokenizer_bytes(std::span<const std::string> tokens, std::string_view sentencepiece,
                                   const std::string& where) {
    const Vocabulary vocabulary = marian_vocabulary(tokens, where);
    for (const char* special : {"<unk>", "</s>", "<pad>"}) marian_special(vocabulary, special, where);
    std::string bytes = fmt::format("{}{}\n", marian_heading, tokens.size());
    for (const std::string& token : tokens) bytes += token + "\n";
    return bytes.append(sentencepiece);
}

MarianTokenizerParts marian_tokenizer_parts(std::string_view bytes, const std::string& where) {
    const auto next_line = [&]() -> std::string_view {
        const size_t end = bytes.find('\n');
        if (end == std::string_view::npos) throw UserError(where + ": the list of tokens is cut off");
        const std::string_view line = bytes.substr(0, end);
        bytes.remove_prefix(end + 1);
        return line;
    };
    const std::string_view heading = next_line();
    int64_t count = 0;
    if (!heading.starts_with(marian_heading) || !parse_int(heading.substr(marian_heading.size()), count) || count < 0) {
        throw UserError(
            fmt::format("{}: expected a tokenizer of heed import, whose first line is '{}' and a number, "
                        "found {}",
                        where, marian_heading, quote(heading)));
    }
    MarianTokenizerParts parts;
    for (int64_t i = 0; i < count; ++i) parts.tokens.emplace_back(next_line());
    parts.sentencepiece = bytes;
    return parts;
}

std::unique_ptr<Tokenizer> read_marian_tokenizer(const std::filesystem::path& file) {
    ByteReader reader(file);
    std::vector<uint8_t> bytes;
    reader.read_into(bytes, uint64_t{1} << 30);
    return load_marian_tokenizer({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                                 "'" + file.string() + "'");
}

std::unique_ptr<Tokenizer> load_marian_tokenizer(std::string_view bytes, const std::string& where) {
    return std::make_unique<MarianTokenizer>(bytes, where);
}

}  // namespace heed
