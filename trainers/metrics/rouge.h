#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heed {

/// The rouge-score (of Google Research, on PyPI) whose numbers rouge() gives; part of the signature.
inline constexpr std::string_view compatible_rouge_score = "0.1.2";

/// The forms of ROUGE that are measured, as rouge-score and metrics.jsonl call them, and as texts do: of words, of
/// pairs of words, of the longest common subsequence, and of that line by line.
inline constexpr std::array<std::string_view, 4> rouge_names = {"rouge1", "rouge2", "rougeL", "rougeLsum"};
inline constexpr std::array<std::string_view, 4> rouge_labels = {"ROUGE-1", "ROUGE-2", "ROUGE-L", "ROUGE-Lsum"};

/// Fractions of 1.
struct RougeScore {
    double precision = 0;  ///< of the summary's words or pairs, those that the reference has as well
    double recall = 0;     ///< of the reference's, those that the summary has
    double f1 = 0;         ///< harmonic mean of both; 0 where both are 0
};

/// In the order of rouge_names.
using RougeScores = std::array<RougeScore, rouge_names.size()>;

/// A word as ROUGE takes it: a run of a to z and 0 to 9 in the text in lower case (Unicode's, as Python's str.lower),
/// whatever else stands between them. Words of other scripts have none.
std::vector<std::string> rouge_words(std::string_view text);

/// ROUGE (Lin, 2004) of one summary as rouge-score computes it without a stemmer; of several references that with the
/// greatest F1 counts for each form, the first of equal ones (score_multi). UTF-8; lines end with "\n". UserError
/// without a reference.
RougeScores rouge(const std::string& summary, const std::vector<std::string>& references);

/// ROUGE of many summaries.
struct RougeCorpus {
    std::vector<RougeScores> summaries;
    std::string signature;  ///< "nrefs:1|stem:no|version:0.1.2"

    /// The mean over the summaries of each number.
    RougeScores mean() const;

    /// A line a form, with numbers out of 100: "ROUGE-1|nrefs:1|stem:no|version:0.1.2 = 34.90 (95 %: 34.12 to 35.71)
    /// P 40.12 R 33.01". The interval is a percentile bootstrap of the mean F1.
    std::vector<std::string> texts() const;

    struct Interval {
        double low = 0, high = 0;
    };
    /// 2.5 and 97.5 % of the mean F1 of each form over 1,000 samples of the summaries with replacement; the same for
    /// the same numbers.
    std::array<Interval, rouge_names.size()> f1_intervals() const;
};

/// `references[i]` are those of `summaries[i]`, one or more. Throws UserError, naming the counts, where there are no
/// summaries, unequally many, or one without reference.
RougeCorpus rouge_of_all(std::span<const std::string> summaries, std::span<const std::vector<std::string>> references);

}  // namespace heed
