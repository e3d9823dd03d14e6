#include "heed/datasets/text/tokenizers/sentencepiece_tokenizer.h"

#include <fmt/core.h>
#include <sentencepiece_processor.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/files/byte_reader.h"
#include "heed/datasets/text/tokenizers/sentencepiece_call.h"
#include "heed/datasets/text/tokenizers/sentencepiece_check.h"
#include "heed/datasets/text/tokenizers/vocabulary.h"

namespace heed {

namespace {

class SentencePieceTokenizer final : public Tokenizer {
public:
    SentencePieceTokenizer(std::string_view bytes, const std::string& where) : bytes_(bytes) {
        std::string problem = sentencepiece_problem(bytes);
        if (problem.empty() && !sentencepiece_succeeds([&] { return processor_.LoadFromSerializedProto(bytes); })) {
            problem = "the library refuses it";
        }
        if (!problem.empty()) {
            throw UserError(fmt::format(
                "expected a SentencePiece model in {}, found something else or a damaged one: {}", where, problem));
        }
        size_ = pieces_ = processor_.GetPieceSize();
        const auto given_or_new = [&](int id) { return id >= 0 ? id : size_++; };
        special_.unknown = processor_.unk_id();
        special_.pad = given_or_new(processor_.pad_id());
        special_.begin = given_or_new(processor_.bos_id());
        special_.end = given_or_new(processor_.eos_id());
        encodes_words_alone_ = finds_words_alone();
    }

    std::string token(int32_t id) const override {
        if (id < 0 || id >= size_) throw Error(fmt::format("token id {} is not in the vocabulary", id));
        if (id < pieces_) return processor_.IdToPiece(id);
        return id == special_.pad ? "<pad>" : id == special_.begin ? "<s>" : "</s>";
    }
    int64_t vocabulary_size() const override { return size_; }
    SpecialTokens special() const override { return special_; }
    std::string kind() const override { return "sentencepiece"; }
    std::string serialized() const override { return bytes_; }

private:
    /// Whether a text has the pieces of its words, one after the other: no piece reaches across a blank, and a word at
    /// the beginning is treated as one inside. So it is for all models but those trained with unusual settings.
    bool finds_words_alone() const {
        constexpr std::string_view blank = "\xe2\x96\x81";
        for (int id = 0; id < pieces_; ++id) {
            if (processor_.IdToPiece(id).find(blank, 1) != std::string::npos) return false;
        }
        std::vector<int32_t> twice = encode_whole("x"), both = encode_whole("  x  x ");
        const std::size_t size = twice.size();
        for (std::size_t i = 0; i < size; ++i) twice.push_back(twice[i]);
        return twice == both;
    }

    std::vector<int32_t> encode_whole(std::string_view text) const {
        std::vector<int> ids;
        if (!sentencepiece_succeeds([&] { return processor_.Encode(text, &ids); }))
            throw Error("SentencePiece cannot encode a text of " + std::to_string(text.size()) + " bytes");
        return ids;
    }

    std::vector<int32_t> encode_valid(std::string_view text) const override {
        if (!encodes_words_alone_) return encode_whole(text);
        std::vector<int32_t> ids;
        const std::lock_guard lock(mutex_);
        while (!text.empty()) {
            const std::string_view word = text.substr(0, text.find(' '));
            text.remove_prefix(std::min(text.size(), word.size() + 1));
            if (word.empty()) continue;
            const auto place = known_words_.find(word);
            if (place != known_words_.end()) {
                ids.insert(ids.end(), place->second.begin(), place->second.end());
                continue;
            }
            std::vector<int32_t> pieces = encode_whole(word);
            ids.insert(ids.end(), pieces.begin(), pieces.end());
            if (known_words_.size() < most_known_words && word.size() <= longest_known_word) {
                known_words_.emplace(word, std::move(pieces));
            }
        }
        return ids;
    }

    std::string decode_plain(std::span<const int32_t> ids) const override {
        std::string text;
        if (!sentencepiece_succeeds([&] { return processor_.Decode(std::vector<int>(ids.begin(), ids.end()), &text); }))
            throw Error("SentencePiece cannot decode " + std::to_string(ids.size()) + " tokens");
        return text;
    }

    std::string bytes_;
    sentencepiece::SentencePieceProcessor processor_;
    SpecialTokens special_;
    int32_t pieces_ = 0;  // of the model; special tokens that it lacks follow
    int32_t size_ = 0;

    // The library takes about 3 us for a piece; most words have come before.
    static constexpr std::size_t most_known_words = 1 << 18, longest_known_word = 32;
    bool encodes_words_alone_ = false;
    mutable std::mutex mutex_;
    mutable TextMap<std::vector<int32_t>> known_words_;
};

}  // namespace

std::unique_ptr<Tokenizer> read_sentencepiece_model(const std::filesystem::path& file) {
    ByteReader reader(file);
    std::vector<uint8_t> bytes;
    reader.read_into(bytes, uint64_t{1} << 30);
    return std::make_unique<SentencePieceTokenizer>(
        std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), "'" + file.string() + "'");
}

std::unique_ptr<Tokenizer> load_sentencepiece_tokenizer(std::string_view bytes) {
    return std::make_unique<SentencePieceTokenizer>(bytes, "the bytes of a tokenizer");
}

}  // namespace heed
