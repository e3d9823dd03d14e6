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

constexpr std::string_view word_heading_lower = "heed words of all scripts lower-cased";
constexpr std::string_view word_heading = "heed words of all scripts as they are";
// Of older tokenizers, to which only ASCII's punctuation separated words: their texts have to be cut as they were
// trained.
constexpr std::string_view ascii_word_heading_lower = "heed words lower-cased";
constexpr std::string_view ascii_word_heading = "heed words as they are";
constexpr const char* word_special[] = {"<pad>", "<unk>", "<s>", "</s>"};

/// How a text is cut into words.
struct WordRules {
    bool lower = true;
    bool ascii_only = false;  ///< only ASCII's punctuation parts words, and accents stay as they are written

    std::string_view heading() const {
        if (ascii_only) return lower ? ascii_word_heading_lower : ascii_word_heading;
        return lower ? word_heading_lower : word_heading;
    }
};

/// Marks that stand inside of words: the apostrophe (also as it is printed), the middle dot of Catalan, the
/// abbreviation marks of Hebrew.
bool is_inner_mark(char32_t character) {
    return character == 0x2019 || character == 0xb7 || character == 0x5f3 || character == 0x5f4;
}

/// Whether a character stands between words. `inside` a word such marks belong to it where `rest` goes on with a
/// letter.
bool parts_words(char32_t character, const WordRules& rules, bool inside, std::string_view rest) {
    if (character < 0x80) return is_white_space(character) || (character != '\'' && is_punctuation(character));
    if (is_white_space(character)) return true;
    if (rules.ascii_only || !is_punctuation(character)) return false;
    return !(is_inner_mark(character) && inside && !rest.empty() && is_letter(take_character(rest)));
}

/// Calls `f` with each word.
template <class F>
void for_each_word(std::string_view text, const WordRules& rules, F&& f) {
    std::string composed_text;
    if (!rules.ascii_only && !is_ascii(text)) {
        composed_text = composed(text);
        text = composed_text;
    }
    std::string word;
    while (!text.empty()) {
        const char32_t character = take_character(text);
        if (parts_words(character, rules, !word.empty(), text)) {
            if (!word.empty()) f(std::string_view(word));
            word.clear();
        } else if (character == 0x2019 && !rules.ascii_only) {
            word += '\'';
        } else {
            append_character(word, rules.lower ? lower_case(character) : character);
        }
    }
    if (!word.empty()) f(std::string_view(word));
}

class WordTokenizer final : public Tokenizer {
public:
    WordTokenizer(std::vector<std::string> words, const WordRules& rules) : rules_(rules) {
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
        std::string result = std::string(rules_.heading()) + "\n";
        for (auto id = static_cast<int32_t>(std::size(word_special)); id < vocabulary_.size(); ++id) {
            result += vocabulary_.token(id) + "\n";
        }
        return result;
    }

private:
    std::vector<int32_t> encode_valid(std::string_view text) const override {
        std::vector<int32_t> ids;
        for_each_word(text, rules_, [&](std::string_view word) {
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
    WordRules rules_;
};

}  // namespace

std::unique_ptr<Tokenizer> train_word_tokenizer(int64_t vocabulary, bool lower,
                                                std::span<const std::string_view> texts) {
    const WordRules rules{lower};
    TextMap<int64_t> counts;
    for (const std::string_view text : texts) {
        for_each_word(text, rules, [&](std::string_view word) {
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
    return std::make_unique<WordTokenizer>(std::move(words), rules);
}

std::unique_ptr<Tokenizer> read_word_tokenizer(const std::filesystem::path& file) {
    const TextFile text(file);
    try {
        return load_word_tokenizer(text.content());
    } catch (const UserError& error) {
        throw UserError(fmt::format("'{}': {}", file.string(), error.what()));
    }
}

std::unique_ptr<Tokenizer> load_word_tokenizer(std::string_view bytes) {
    if (const std::string problem = text_problem(bytes); !problem.empty()) {
        throw UserError(fmt::format("the word tokenizer is damaged: {}", problem));
    }
    const std::string_view heading = take_line(bytes);
    WordRules rules;
    bool is_known = false;
    for (const bool lower : {true, false}) {
        for (const bool ascii_only : {false, true}) {
            const WordRules candidate{lower, ascii_only};
            if (heading != candidate.heading()) continue;
            rules = candidate;
            is_known = true;
        }
    }
    if (!is_known) {
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
    return std::make_unique<WordTokenizer>(std::move(words), rules);
}

}  // namespace heed
