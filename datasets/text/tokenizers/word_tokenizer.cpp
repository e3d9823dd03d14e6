#include "heed/datasets/text/tokenizers/word_tokenizer.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/files/text_file.h"
#include "heed/datasets/text/tokenizers/utf8.h"
#include "heed/datasets/text/tokenizers/vocabulary.h"

namespace heed {

namespace {

constexpr std::string_view word_heading_lower = "heed words lower-cased";
constexpr std::string_view word_heading = "heed words as they are";
constexpr const char* word_special[] = {"<pad>", "<unk>", "<s>", "</s>"};

/// Calls `f` with each word.
template <class F>
void for_each_word(std::string_view text, bool lower, F&& f) {
    std::string word;
    while (!text.empty()) {
        const char32_t character = take_character(text);
        if (is_white_space(character) || (character < 0x80 && character != '\'' && is_punctuation(character))) {
            if (!word.empty()) f(std::string_view(word));
            word.clear();
        } else {
            append_character(word, lower ? lower_case(character) : character);
        }
    }
    if (!word.empty()) f(std::string_view(word));
}

class WordTokenizer final : public Tokenizer {
public:
    WordTokenizer(std::vector<std::string> words, bool lower) : lower_(lower) {
        for (const char* token : word_special) vocabulary_.add(token);
        for (std::string& word : words) {
            if (!vocabulary_.add(word)) {
                throw UserError(fmt::format("the word tokenizer is damaged: {} comes twice", quote(word)));
            }
        }
    }

    std::string token(int32_t id) const override {
        if (id < 0 || id >= vocabulary_.size()) throw Error(fmt::format("token id {} is not in the vocabulary", id));
        return vocabulary_.token(id);
    }
    int64_t vocabulary_size() const override { return vocabulary_.size(); }
    SpecialTokens special() const override { return {}; }
    std::string kind() const override { return "word"; }

    std::string serialized() const override {
        std::string result = std::string(lower_ ? word_heading_lower : word_heading) + "\n";
        for (auto id = static_cast<int32_t>(std::size(word_special)); id < vocabulary_.size(); ++id) {
            result += vocabulary_.token(id) + "\n";
        }
        return result;
    }

private:
    std::vector<int32_t> encode_valid(std::string_view text) const override {
        std::vector<int32_t> ids;
        for_each_word(text, lower_, [&](std::string_view word) {
            ids.push_back(vocabulary_.find(word).value_or(special().unknown));
        });
        return ids;
    }

    std::string decode_plain(std::span<const int32_t> ids) const override {
        std::string text;
        for (const int32_t id : ids) {
            if (!text.empty()) text += ' ';
            text += vocabulary_.token(id);
        }
        return text;
    }

    Vocabulary vocabulary_;
    bool lower_;
};

}  // namespace

std::unique_ptr<Tokenizer> train_word_tokenizer(int64_t vocabulary, bool lower,
                                                std::span<const std::string_view> texts) {
    TextMap<int64_t> counts;
    for (const std::string_view text : texts) {
        for_each_word(text, lower, [&](std::string_view word) {
            const auto place = counts.find(word);
            if (place != counts.end()) {
                ++place->second;
            } else {
                counts.emplace(word, 1);
            }
        });
    }
    if (counts.empty()) throw UserError("expected words to train a word tokenizer on, found none in the texts");
    std::vector<std::pair<std::string, int64_t>> ranking(counts.begin(), counts.end());
    std::sort(ranking.begin(), ranking.end(), [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    const auto kept = static_cast<std::size_t>(
        std::clamp<int64_t>(vocabulary - static_cast<int64_t>(std::size(word_special)), 0, std::ssize(ranking)));
    std::vector<std::string> words;
    for (std::size_t i = 0; i < kept; ++i) words.push_back(std::move(ranking[i].first));
    return std::make_unique<WordTokenizer>(std::move(words), lower);
}

std::unique_ptr<Tokenizer> load_word_tokenizer(std::string_view bytes) {
    if (const std::string problem = text_problem(bytes); !problem.empty()) {
        throw UserError(fmt::format("the word tokenizer is damaged: {}", problem));
    }
    const std::string_view heading = take_line(bytes);
    if (heading != word_heading && heading != word_heading_lower) {
        throw UserError(fmt::format("expected a word tokenizer, whose first line is '{}' or '{}', found {}",
                                    word_heading_lower, word_heading, quote(heading)));
    }
    std::vector<std::string> words;
    while (!bytes.empty()) {
        words.emplace_back(take_line(bytes));
        if (words.back().empty()) {
            throw UserError(fmt::format("the word tokenizer is damaged: line {} is empty", words.size() + 1));
        }
    }
    return std::make_unique<WordTokenizer>(std::move(words), heading == word_heading_lower);
}

}  // namespace heed
