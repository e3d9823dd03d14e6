#include "heed/trainers/metrics/chrf.h"

#include <fmt/core.h>

#include <cstdint>
#include <unordered_map>

#include "heed/core/error.h"
#include "heed/trainers/metrics/ngrams.h"
#include "heed/trainers/metrics/python_text.h"
#include "heed/trainers/metrics/references.h"

namespace heed {

namespace {

constexpr int chrf_character_order = 6;
constexpr int chrf_character_bits = 21;  // all of Unicode
constexpr int chrf_word_bits = 32;
constexpr double chrf_beta = 2.0;

/// The n-grams of one order in a hypothesis, in its reference, and in both.
struct ChrfMatches {
    int64_t hypothesis = 0, reference = 0, common = 0;
};

/// The numbers of the words of a segment: equal words have equal numbers.
using ChrfWordNumbers = std::unordered_map<std::u32string, uint32_t>;

bool is_ascii_punctuation(char32_t c) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

std::vector<uint32_t> chrf_characters(std::u32string_view text) {
    std::vector<uint32_t> characters;
    characters.reserve(text.size());
    for (char32_t c : text) {
        if (!is_python_space(c)) characters.push_back(c);
    }
    return characters;
}

/// Words, with one punctuation mark taken off at the end or, if there is none, at the beginning.
std::vector<uint32_t> chrf_words(std::u32string_view text, ChrfWordNumbers& numbers) {
    std::vector<uint32_t> words;
    const auto add = [&](std::u32string_view word) {
        const auto next = static_cast<uint32_t>(numbers.size());
        words.push_back(numbers.try_emplace(std::u32string(word), next).first->second);
    };
    for (std::u32string_view word : python_split(text)) {
        size_t cut = 0;
        if (word.size() > 1 && is_ascii_punctuation(word.back())) {
            cut = word.size() - 1;
        } else if (word.size() > 1 && is_ascii_punctuation(word.front())) {
            cut = 1;
        }
        if (cut > 0) add(word.substr(0, cut));
        add(word.substr(cut));
    }
    return words;
}

/// The n-grams of a text: characters of order 1 to 6, then words of order 1 to `word_order`.
std::vector<NgramCounts> chrf_ngrams(const std::string& utf8, int word_order, ChrfWordNumbers& numbers) {
    const std::u32string text = python_text(utf8);
    std::vector<NgramCounts> ngrams;
    const std::vector<uint32_t> characters = chrf_characters(text);
    for (int n = 1; n <= chrf_character_order; ++n) {
        ngrams.push_back(count_ngrams(characters, n, chrf_character_bits));
    }
    if (word_order == 0) return ngrams;
    const std::vector<uint32_t> words = chrf_words(text, numbers);
    for (int n = 1; n <= word_order; ++n) ngrams.push_back(count_ngrams(words, n, chrf_word_bits));
    return ngrams;
}

/// The F score (0 to 100) of precision and recall, each a mean over the orders that both sides have.
double chrf_f_score(const std::vector<ChrfMatches>& matches) {
    constexpr double factor = chrf_beta * chrf_beta;
    double precision = 0.0, recall = 0.0;
    int orders = 0;
    for (const ChrfMatches& each : matches) {
        if (each.hypothesis == 0 || each.reference == 0) continue;
        precision += static_cast<double>(each.common) / static_cast<double>(each.hypothesis);
        recall += static_cast<double>(each.common) / static_cast<double>(each.reference);
        ++orders;
    }
    if (precision + recall == 0.0) return 0.0;
    precision /= orders;
    recall /= orders;
    return 100.0 * ((1.0 + factor) * precision * recall / (factor * precision + recall));
}

/// The matches with the reference that gives the best score; the first of equals.
std::vector<ChrfMatches> chrf_segment(const std::string& hypothesis, const std::vector<std::string>& references,
                                      int word_order) {
    ChrfWordNumbers numbers;
    const std::vector<NgramCounts> ngrams = chrf_ngrams(hypothesis, word_order, numbers);
    std::vector<ChrfMatches> best;
    double best_score = -1.0;
    for (const std::string& text : references) {
        const std::vector<NgramCounts> reference = chrf_ngrams(text, word_order, numbers);
        std::vector<ChrfMatches> matches(ngrams.size());
        for (size_t i = 0; i < ngrams.size(); ++i) {
            // As in sacreBLEU, n-grams of the hypothesis do not count where the reference is too short to have any.
            matches[i].hypothesis = reference[i].empty() ? 0 : total_count(ngrams[i]);
            matches[i].reference = total_count(reference[i]);
            matches[i].common = common_count(ngrams[i], reference[i]);
        }
        const double score = chrf_f_score(matches);
        if (score <= best_score) continue;
        best_score = score;
        best = std::move(matches);
    }
    return best;
}

}  // namespace

ChrfScore chrf(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
               int word_order) {
    if (word_order < 0 || word_order > 2) {
        throw Error(fmt::format("chrF expects a word order from 0 to 2, got {}", word_order));
    }
    const std::string name = "chrF2" + std::string(static_cast<size_t>(word_order), '+');
    check_references(name, hypotheses, references);
    std::vector<ChrfMatches> sums(static_cast<size_t>(chrf_character_order + word_order));
    for (size_t i = 0; i < hypotheses.size(); ++i) {
        const std::vector<ChrfMatches> segment = chrf_segment(hypotheses[i], references[i], word_order);
        for (size_t n = 0; n < sums.size(); ++n) {
            sums[n].hypothesis += segment[n].hypothesis;
            sums[n].reference += segment[n].reference;
            sums[n].common += segment[n].common;
        }
    }
    return {chrf_f_score(sums), name,
            fmt::format("nrefs:{}|case:mixed|eff:yes|nc:{}|nw:{}|space:no|version:{}", reference_count_text(references),
                        chrf_character_order, word_order, compatible_sacrebleu)};
}

std::string ChrfScore::text() const {
    return fmt::format("{}|{} = {:.2f}", name, signature, score);
}

}  // namespace heed
