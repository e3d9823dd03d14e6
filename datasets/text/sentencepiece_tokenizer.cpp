#include "heed/datasets/text/sentencepiece_tokenizer.h"

#include <fmt/core.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/quote.h"
#include "heed/datasets/byte_reader.h"
#include "heed/datasets/text/sentencepiece_rules.h"
#include "heed/datasets/text/tokenizer_options.h"

namespace heed {

namespace {

/// A file in memory, as the trainer reads its rules from a file.
class MemoryFile {
public:
    explicit MemoryFile(const std::string& content) : descriptor_(memfd_create("heed-rules", MFD_CLOEXEC)) {
        std::size_t written = 0;
        while (descriptor_ >= 0 && written < content.size()) {
            const ssize_t bytes = write(descriptor_, content.data() + written, content.size() - written);
            if (bytes <= 0) break;
            written += static_cast<std::size_t>(bytes);
        }
        if (written < content.size()) {
            if (descriptor_ >= 0) close(descriptor_);
            throw Error("cannot make a file in memory for the rules of a tokenizer");
        }
    }
    ~MemoryFile() { close(descriptor_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    std::string path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

private:
    int descriptor_;
};

/// Hands texts to the trainer in pieces of a few kilobytes, cut at blanks where there are any: it leaves longer lines
/// out, and words that long would only cost time.
class TrainingSentences final : public sentencepiece::SentenceIterator {
public:
    static constexpr std::size_t longest = 4096;

    explicit TrainingSentences(std::span<const std::string_view> texts) : texts_(texts) { Next(); }

    bool done() const override { return done_; }
    const std::string& value() const override { return sentence_; }
    sentencepiece::util::Status status() const override { return {}; }

    void Next() override {
        while (rest_.empty()) {
            if (next_ == texts_.size()) {
                done_ = true;
                return;
            }
            rest_ = texts_[next_++];
        }
        std::size_t size = rest_.size();
        if (size > longest) {
            size = rest_.rfind(' ', longest);
            if (size == std::string_view::npos || size == 0) {
                size = longest;
                while ((static_cast<unsigned char>(rest_[size]) & 0xc0) == 0x80) --size;
            }
        }
        sentence_ = rest_.substr(0, size);
        rest_.remove_prefix(size);
    }

private:
    std::span<const std::string_view> texts_;
    std::size_t next_ = 0;
    std::string_view rest_;
    std::string sentence_;
    bool done_ = false;
};

class SentencePieceTokenizer final : public Tokenizer {
public:
    SentencePieceTokenizer(std::string_view bytes, const std::string& where) : bytes_(bytes) {
        const auto status = processor_.LoadFromSerializedProto(bytes);
        if (bytes.empty() || !status.ok()) {
            throw UserError(fmt::format("expected a SentencePiece model in {}, found something else or a damaged one{}",
                                        where, status.ok() ? "" : fmt::format(" ({})", status.message())));
        }
        size_ = pieces_ = processor_.GetPieceSize();
        const auto given_or_new = [&](int id) { return id >= 0 ? id : size_++; };
        special_.unknown = processor_.unk_id();
        special_.pad = given_or_new(processor_.pad_id());
        special_.begin = given_or_new(processor_.bos_id());
        special_.end = given_or_new(processor_.eos_id());
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
    /// Long texts go in parts: no piece of a model reaches across a blank, and the library's memory grows with the
    /// text.
    std::vector<int32_t> encode_valid(std::string_view text) const override {
        std::vector<int32_t> ids;
        while (!text.empty()) {
            std::size_t size = text.size();
            if (size > TrainingSentences::longest) {
                size = std::min(size, text.find(' ', TrainingSentences::longest));
            }
            std::vector<int> part;
            const auto status = processor_.Encode(text.substr(0, size), &part);
            if (!status.ok()) throw Error(fmt::format("SentencePiece cannot encode a text: {}", status.message()));
            ids.insert(ids.end(), part.begin(), part.end());
            text.remove_prefix(size);
        }
        return ids;
    }

    std::string decode_plain(std::span<const int32_t> ids) const override {
        std::string text;
        const auto status = processor_.Decode(std::vector<int>(ids.begin(), ids.end()), &text);
        if (!status.ok()) throw Error(fmt::format("SentencePiece cannot decode tokens: {}", status.message()));
        return text;
    }

    std::string bytes_;
    sentencepiece::SentencePieceProcessor processor_;
    SpecialTokens special_;
    int32_t pieces_ = 0;  // of the model; special tokens that it lacks follow
    int32_t size_ = 0;
};

}  // namespace

std::unique_ptr<Tokenizer> train_sentencepiece_tokenizer(const TokenizerOptions& options,
                                                         std::span<const std::string_view> texts) {
    const MemoryFile rules(sentencepiece_rules(options.lower));
    const SpecialTokens special;
    const std::unordered_map<std::string, std::string> settings = {
        {"model_type", options.model},
        {"vocab_size", std::to_string(options.vocabulary)},
        {"hard_vocab_limit", "false"},
        {"character_coverage", fmt::format("{}", options.coverage)},
        {"byte_fallback", options.byte_fallback ? "true" : "false"},
        {"normalization_rule_tsv", rules.path()},
        {"max_sentence_length", std::to_string(TrainingSentences::longest + 1)},
        {"pad_id", std::to_string(special.pad)},
        {"unk_id", std::to_string(special.unknown)},
        {"bos_id", std::to_string(special.begin)},
        {"eos_id", std::to_string(special.end)},
        {"num_threads", "1"},
        {"minloglevel", "3"},
    };
    TrainingSentences sentences(texts);
    std::string model;
    const auto status = sentencepiece::SentencePieceTrainer::Train(settings, &sentences, &model);
    if (!status.ok()) {
        throw UserError(
            fmt::format("SentencePiece cannot train a vocabulary of {} tokens (tokenizer.vocabulary) on "
                        "these texts: {}",
                        options.vocabulary, status.message()));
    }
    return load_sentencepiece_tokenizer(model);
}

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
