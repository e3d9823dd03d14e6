#include <fmt/core.h>
#include <sentencepiece_trainer.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/text/tokenizers/sentencepiece_rules.h"
#include "heed/datasets/text/tokenizers/sentencepiece_tokenizer.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/datasets/text/tokenizers/utf8.h"
#include "heed/datasets/text/tokenizers/vocabulary.h"

namespace heed {

namespace {

constexpr std::size_t longest_training_line = 4096;  // bytes; longer words are cut

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

    /// As long for every descriptor.
    std::string path() const {
        const std::string number = std::to_string(descriptor_), folder = "/proc/self/fd";
        return folder + std::string(stored_name.size() - folder.size() - number.size(), '/') + number;
    }

    /// Puts `stored_name` where the trainer has written the path into a model, which must not tell how many files were
    /// open when it was made. A name of the same length needs no other change of the message that the model is.
    void hide_path(std::string& model) const {
        const std::string text = path();
        for (std::size_t place = 0; (place = model.find(text, place)) != std::string::npos;) {
            model.replace(place, text.size(), stored_name);
        }
    }

private:
    static constexpr std::string_view stored_name = "heed-normalization-rules";
    int descriptor_;
};

/// Hands the words of the texts to the trainer with their counts: pieces do not reach across blanks, so the vocabulary
/// is the same as from the texts themselves, many times sooner.
class TrainingWords final : public sentencepiece::SentenceIterator {
public:
    explicit TrainingWords(std::span<const std::string_view> texts) {
        TextMap<int64_t> counts;
        for (std::string_view text : texts) {
            for (std::string_view word; next_word(text, word);) {
                const auto place = counts.find(word);
                if (place != counts.end()) {
                    ++place->second;
                } else {
                    counts.emplace(word, 1);
                }
            }
        }
        words_.assign(counts.begin(), counts.end());
        std::sort(words_.begin(), words_.end());
        write_line();
    }

    bool empty() const { return words_.empty(); }
    bool done() const override { return next_ == words_.size(); }
    const std::string& value() const override { return line_; }
    sentencepiece::util::Status status() const override { return {}; }

    void Next() override {
        ++next_;
        write_line();
    }

private:
    static bool next_word(std::string_view& text, std::string_view& word) {
        while (!text.empty()) {
            std::string_view rest = text;
            if (!is_white_space(take_character(rest))) break;
            text = rest;
        }
        std::string_view rest = text;
        while (!rest.empty() && text.size() - rest.size() < longest_training_line) {
            std::string_view after = rest;
            if (is_white_space(take_character(after))) break;
            rest = after;
        }
        word = text.substr(0, text.size() - rest.size());
        text = rest;
        return !word.empty();
    }

    void write_line() {
        if (done()) return;
        const auto& [word, count] = words_[next_];
        line_ = fmt::format("{}\t{}", word, std::min<int64_t>(count, std::numeric_limits<int>::max()));
    }

    std::vector<std::pair<std::string, int64_t>> words_;
    std::size_t next_ = 0;
    std::string line_;
};

/// Hands the texts to the trainer in parts of a few kilobytes, cut at blanks where there are any: it leaves longer
/// lines out, and words that long would only cost time.
class TrainingSentences final : public sentencepiece::SentenceIterator {
public:
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
        if (size > longest_training_line) {
            size = rest_.rfind(' ', longest_training_line);
            if (size == std::string_view::npos || size == 0) {
                size = longest_training_line;
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

/// Texts spread evenly over all, about `megabytes` of them.
std::vector<std::string_view> training_sample(std::span<const std::string_view> texts, int64_t megabytes) {
    std::size_t bytes = 0;
    for (const std::string_view text : texts) bytes += text.size();
    const double share = static_cast<double>(megabytes) * 1e6 / static_cast<double>(std::max<std::size_t>(bytes, 1));
    if (share >= 1) return {texts.begin(), texts.end()};
    std::vector<std::string_view> sample;
    const auto before = [&](std::size_t i) { return std::floor(static_cast<double>(i) * share); };
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (before(i + 1) > before(i)) sample.push_back(texts[i]);
    }
    if (sample.empty()) sample.push_back(texts.front());
    return sample;
}

/// Why the library refuses to train, without what it says of its own sources.
std::string training_problem(const TokenizerOptions& options, std::string_view message) {
    constexpr std::string_view too_small = "required_chars. ";
    long given = 0, needed = 0;
    if (const std::size_t place = message.find(too_small);
        place != std::string_view::npos && std::sscanf(std::string(message.substr(place + too_small.size())).c_str(),
                                                       "%ld vs %ld", &given, &needed) == 2) {
        return fmt::format(
            "tokenizer.vocabulary {} is too small for these texts, whose characters alone take {} tokens with the "
            "special "
            "ones: give at least as many, or a lower tokenizer.coverage",
            options.vocabulary, needed);
    }
    // "src/file.cc(12) [a condition] what is wrong"
    const std::size_t end = message.rfind("] ");
    const std::string_view reason = end == std::string_view::npos ? std::string_view() : message.substr(end + 2);
    return fmt::format("SentencePiece cannot train a vocabulary of {} tokens (tokenizer.vocabulary) on these texts{}{}",
                       options.vocabulary, reason.empty() ? "" : ": ", reason);
}

}  // namespace

std::unique_ptr<Tokenizer> train_sentencepiece_tokenizer(const TokenizerOptions& options,
                                                         std::span<const std::string_view> texts) {
    const bool by_words = options.model == "bpe";
    const MemoryFile rules(sentencepiece_rules(options.lower));
    const SpecialTokens special;
    const std::unordered_map<std::string, std::string> settings = {
        {"model_type", options.model},
        {"vocab_size", std::to_string(options.vocabulary)},
        {"hard_vocab_limit", "false"},
        {"character_coverage", fmt::format("{}", options.coverage)},
        {"byte_fallback", options.byte_fallback ? "true" : "false"},
        {"normalization_rule_tsv", rules.path()},
        {"input_format", by_words ? "tsv" : "text"},
        {"max_sentence_length", std::to_string(longest_training_line + 100)},
        {"pad_id", std::to_string(special.pad)},
        {"unk_id", std::to_string(special.unknown)},
        {"bos_id", std::to_string(special.begin)},
        {"eos_id", std::to_string(special.end)},
        {"num_threads", "1"},
        {"minloglevel", "3"},
    };
    const std::vector<std::string_view> sample = training_sample(texts, options.sample);
    TrainingWords words(sample);
    if (words.empty()) throw UserError("expected words to train a tokenizer on, found none in the texts");
    TrainingSentences sentences(sample);
    sentencepiece::SentenceIterator* const lines =
        by_words ? static_cast<sentencepiece::SentenceIterator*>(&words) : &sentences;
    std::string model;
    const auto status = sentencepiece::SentencePieceTrainer::Train(settings, lines, &model);
    if (!status.ok()) throw UserError(training_problem(options, status.message()));
    rules.hide_path(model);
    return load_sentencepiece_tokenizer(model);
}

}  // namespace heed
