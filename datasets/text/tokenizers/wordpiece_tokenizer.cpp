#include "heed/datasets/text/tokenizers/wordpiece_tokenizer.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/files/text_file.h"
#include "heed/datasets/text/tokenizers/utf8.h"
#include "heed/datasets/text/tokenizers/vocabulary.h"

namespace heed {

namespace {

constexpr std::string_view wordpiece_heading_lower = "heed wordpiece lower-cased";
constexpr std::string_view wordpiece_heading = "heed wordpiece as it is";
constexpr std::size_t longest_word = 100;

/// Blank, tab and line ends count as white space, other control characters go; so BERT has it.
bool is_dropped(char32_t character) {
    if (character == '\t' || character == '\n' || character == '\r') return false;
    return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0xfffd || is_control(character);
}

/// Cleans a text and calls `f` with each of its words and punctuation marks.
template <class F>
void for_each_basic_token(std::string_view text, bool lower, F&& f) {
    std::string prepared;
    if (lower) {
        prepared = without_accents(lower_case(text));
        text = prepared;
    }
    std::string word;
    const auto finish = [&] {
        if (!word.empty()) f(std::string_view(word));
        word.clear();
    };
    while (!text.empty()) {
        const char32_t character = take_character(text);
        if (is_dropped(character)) continue;
        if (is_white_space(character)) {
            finish();
        } else if (is_punctuation(character) || is_chinese(character)) {
            finish();
            append_character(word, character);
            finish();
        } else {
            append_character(word, character);
        }
    }
    finish();
}

class WordPieceTokenizer final : public Tokenizer {
public:
    /// `where` names the origin of the vocabulary in errors.
    WordPieceTokenizer(std::string_view vocabulary, bool lower, const std::string& where) : lower_(lower) {
        while (!vocabulary.empty()) {
            const std::string token(take_line(vocabulary));
            if (!vocabulary_.add(token)) {
                throw UserError(
                    fmt::format("{}, line {}: the token {} comes twice", where, vocabulary_.size() + 1, quote(token)));
            }
            longest_piece_ = std::max(longest_piece_, token.size());
        }
        special_ = {find_special("[PAD]", where), find_special("[UNK]", where), find_special("[CLS]", where),
                    find_special("[SEP]", where)};
    }

    std::string token(int32_t id) const override {
        if (id < 0 || id >= vocabulary_.size()) throw Error(fmt::format("token id {} is not in the vocabulary", id));
        return vocabulary_.token(id);
    }
    int64_t vocabulary_size() const override { return vocabulary_.size(); }
    SpecialTokens special() const override { return special_; }
    std::string kind() const override { return "wordpiece"; }

    std::string serialized() const override {
        std::string result = std::string(lower_ ? wordpiece_heading_lower : wordpiece_heading) + "\n";
        for (int32_t id = 0; id < vocabulary_.size(); ++id) result += vocabulary_.token(id) + "\n";
        return result;
    }

private:
    int32_t find_special(const char* token, const std::string& where) const {
        const std::optional<int32_t> id = vocabulary_.find(token);
        if (!id) {
            throw UserError(
                fmt::format("expected a BERT vocabulary with a line for each token, found no {} among the "
                            "{} lines of {}",
                            token, vocabulary_.size(), where));
        }
        return *id;
    }

    std::vector<int32_t> encode_valid(std::string_view text) const override {
        std::vector<int32_t> ids;
        for_each_basic_token(text, lower_, [&](std::string_view word) { append_pieces(word, ids); });
        return ids;
    }

    void append_pieces(std::string_view word, std::vector<int32_t>& ids) const {
        std::size_t characters = 0;
        for (std::string_view rest = word; !rest.empty() && characters <= longest_word; ++characters) {
            take_character(rest);
        }
        const std::size_t before = ids.size();
        if (characters > longest_word) {
            ids.push_back(special_.unknown);
            return;
        }
        std::string piece;
        for (std::size_t begin = 0; begin < word.size();) {
            const std::string_view prefix = begin == 0 ? "" : "##";
            std::size_t size = std::min(word.size() - begin, longest_piece_);
            std::optional<int32_t> id;
            for (; size > 0; --size) {
                // Half a character is in no vocabulary, but need not be looked up.
                if (begin + size < word.size() && (static_cast<unsigned char>(word[begin + size]) & 0xc0) == 0x80) {
                    continue;
                }
                piece = prefix;
                piece += word.substr(begin, size);
                if ((id = vocabulary_.find(piece))) break;
            }
            if (!id) {
                ids.resize(before);
                ids.push_back(special_.unknown);
                return;
            }
            ids.push_back(*id);
            begin += size;
        }
    }

    std::string decode_plain(std::span<const int32_t> ids) const override {
        std::string text;
        for (const int32_t id : ids) {
            const std::string& piece = vocabulary_.token(id);
            const bool inside = piece.starts_with("##") && piece.size() > 2;
            if (!text.empty() && !inside) text += ' ';
            text += inside ? std::string_view(piece).substr(2) : std::string_view(piece);
        }
        return text;
    }

    Vocabulary vocabulary_;
    SpecialTokens special_;
    std::size_t longest_piece_ = 0;
    bool lower_;
};

}  // namespace

std::unique_ptr<Tokenizer> read_wordpiece_vocabulary(const std::filesystem::path& file, bool lower) {
    const TextFile text(file);
    std::string_view vocabulary = text.content();
    const std::string_view heading = take_line(vocabulary);
    const bool is_stored = heading == wordpiece_heading || heading == wordpiece_heading_lower;
    return make_wordpiece_tokenizer(is_stored ? vocabulary : text.content(),
                                    is_stored ? heading == wordpiece_heading_lower : lower, "'" + file.string() + "'");
}

std::unique_ptr<Tokenizer> make_wordpiece_tokenizer(std::string_view vocabulary, bool lower, const std::string& where) {
    return std::make_unique<WordPieceTokenizer>(vocabulary, lower, where);
}

std::unique_ptr<Tokenizer> load_wordpiece_tokenizer(std::string_view bytes) {
    if (const std::string problem = text_problem(bytes); !problem.empty()) {
        throw UserError(fmt::format("the wordpiece tokenizer is damaged: {}", problem));
    }
    const std::string_view heading = take_line(bytes);
    if (heading != wordpiece_heading && heading != wordpiece_heading_lower) {
        throw UserError(fmt::format("expected a wordpiece tokenizer, whose first line is '{}' or '{}', found {}",
                                    wordpiece_heading_lower, wordpiece_heading, quote(heading)));
    }
    return std::make_unique<WordPieceTokenizer>(bytes, heading == wordpiece_heading_lower, "the wordpiece tokenizer");
}

}  // namespace heed
