#include "heed/trainers/metrics/rouge.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

#include "heed/core/random/random.h"
#include "heed/trainers/metrics/common_subsequence.h"
#include "heed/trainers/metrics/ngrams.h"
#include "heed/trainers/metrics/references.h"

namespace heed {

namespace {

constexpr int rouge_word_bits = 32;

/// Words as numbers: equal words have equal numbers.
class RougeWordNumbers {
public:
    std::vector<uint32_t> of(std::string_view text) {
        std::vector<uint32_t> numbers;
        for (std::string& word : rouge_words(text)) {
            const auto next = static_cast<uint32_t>(numbers_.size());
            numbers.push_back(numbers_.try_emplace(std::move(word), next).first->second);
        }
        return numbers;
    }

    /// Of each line that is not empty.
    std::vector<std::vector<uint32_t>> of_lines(std::string_view text) {
        std::vector<std::vector<uint32_t>> lines;
        while (!text.empty()) {
            const size_t end = text.find('\n');
            if (end != 0) lines.push_back(of(text.substr(0, end)));
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        }
        return lines;
    }

private:
    std::unordered_map<std::string, uint32_t> numbers_;
};

/// `common` of as many in the summary and in the reference.
RougeScore rouge_score(int64_t common, int64_t summary, int64_t reference) {
    RougeScore score;
    score.precision = static_cast<double>(common) / static_cast<double>(std::max<int64_t>(summary, 1));
    score.recall = static_cast<double>(common) / static_cast<double>(std::max<int64_t>(reference, 1));
    const double sum = score.precision + score.recall;
    if (sum > 0) score.f1 = 2 * score.precision * score.recall / sum;
    return score;
}

RougeScore rouge_of_ngrams(std::span<const uint32_t> summary, std::span<const uint32_t> reference, int order) {
    const NgramCounts in_summary = count_ngrams(summary, order, rouge_word_bits);
    const NgramCounts in_reference = count_ngrams(reference, order, rouge_word_bits);
    return rouge_score(common_count(in_summary, in_reference), total_count(in_summary), total_count(in_reference));
}

/// Section 3.2 of Lin (2004), but no word counts more often than either side has it, as in ROUGE-1.5.5.
RougeScore rouge_of_lines(const std::vector<std::vector<uint32_t>>& summary,
                          const std::vector<std::vector<uint32_t>>& reference) {
    std::unordered_map<uint32_t, int64_t> left_in_summary, left_in_reference;
    const auto count = [](const std::vector<std::vector<uint32_t>>& lines, std::unordered_map<uint32_t, int64_t>& of) {
        int64_t words = 0;
        for (const std::vector<uint32_t>& line : lines) {
            for (const uint32_t word : line) ++of[word];
            words += std::ssize(line);
        }
        return words;
    };
    const int64_t summary_words = count(summary, left_in_summary);
    const int64_t reference_words = count(reference, left_in_reference);
    int64_t common = 0;
    for (const std::vector<uint32_t>& line : reference) {
        std::set<int64_t> places;
        for (const std::vector<uint32_t>& other : summary) {
            const std::vector<int64_t> of_other = common_subsequence_places(line, other);
            places.insert(of_other.begin(), of_other.end());
        }
        for (const int64_t place : places) {
            int64_t& in_summary = left_in_summary[line[static_cast<size_t>(place)]];
            int64_t& in_reference = left_in_reference[line[static_cast<size_t>(place)]];
            if (in_summary == 0 || in_reference == 0) continue;
            --in_summary;
            --in_reference;
            ++common;
        }
    }
    return rouge_score(common, summary_words, reference_words);
}

RougeScores rouge_of_pair(std::string_view summary, std::string_view reference) {
    RougeWordNumbers numbers;
    const std::vector<uint32_t> a = numbers.of(summary), b = numbers.of(reference);
    return {rouge_of_ngrams(a, b, 1), rouge_of_ngrams(a, b, 2),
            rouge_score(common_subsequence_length(b, a), std::ssize(a), std::ssize(b)),
            rouge_of_lines(numbers.of_lines(summary), numbers.of_lines(reference))};
}

RougeScores best_of_references(const std::string& summary, const std::vector<std::string>& references) {
    RougeScores best = rouge_of_pair(summary, references.front());
    for (size_t i = 1; i < references.size(); ++i) {
        const RougeScores other = rouge_of_pair(summary, references[i]);
        for (size_t form = 0; form < best.size(); ++form) {
            if (other[form].f1 > best[form].f1) best[form] = other[form];
        }
    }
    return best;
}

/// A quantile of sorted values, between neighbours as numpy.percentile has it.
double quantile(const std::vector<double>& sorted, double share) {
    const double place = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<size_t>(place);
    const size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (place - std::floor(place)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::vector<std::string> rouge_words(std::string_view text) {
    // The only letters outside of ASCII that become ASCII in lower case: I with a dot above, which becomes i and a
    // combining dot, and the sign of the unit Kelvin.
    constexpr std::string_view dotted_i = "\u0130", kelvin = "\u212a";
    std::vector<std::string> words;
    std::string word;
    const auto end_word = [&] {
        if (!word.empty()) words.push_back(std::move(word));
        word.clear();
    };
    while (!text.empty()) {
        const char c = text.front();
        size_t taken = 1;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            word += c;
        } else if (c >= 'A' && c <= 'Z') {
            word += static_cast<char>(c - 'A' + 'a');
        } else if (text.starts_with(kelvin)) {
            word += 'k';
            taken = kelvin.size();
        } else {
            if (text.starts_with(dotted_i)) {
                word += 'i';
                taken = dotted_i.size();
            }
            end_word();
        }
        text.remove_prefix(taken);
    }
    end_word();
    return words;
}

RougeScores rouge(const std::string& summary, const std::vector<std::string>& references) {
    return rouge_of_all({&summary, 1}, {&references, 1}).summaries.front();
}

RougeScores RougeCorpus::mean() const {
    RougeScores sum;
    for (const RougeScores& scores : summaries) {
        for (size_t form = 0; form < sum.size(); ++form) {
            sum[form].precision += scores[form].precision;
            sum[form].recall += scores[form].recall;
            sum[form].f1 += scores[form].f1;
        }
    }
    const auto count = static_cast<double>(summaries.size());
    for (RougeScore& score : sum) score = {score.precision / count, score.recall / count, score.f1 / count};
    return sum;
}

std::array<RougeCorpus::Interval, rouge_names.size()> RougeCorpus::f1_intervals() const {
    constexpr size_t samples = 1000;
    constexpr double tail = 0.025;
    std::array<std::vector<double>, rouge_names.size()> means;
    RandomSequence random(random_key(0, RandomPurpose::split, "rouge"));
    for (size_t sample = 0; sample < samples; ++sample) {
        std::array<double, rouge_names.size()> sum{};
        for (size_t i = 0; i < summaries.size(); ++i) {
            const RougeScores& scores = summaries[random.below(summaries.size())];
            for (size_t form = 0; form < sum.size(); ++form) sum[form] += scores[form].f1;
        }
        for (size_t form = 0; form < sum.size(); ++form) {
            means[form].push_back(sum[form] / static_cast<double>(summaries.size()));
        }
    }
    std::array<Interval, rouge_names.size()> intervals;
    for (size_t form = 0; form < means.size(); ++form) {
        std::sort(means[form].begin(), means[form].end());
        intervals[form] = {quantile(means[form], tail), quantile(means[form], 1 - tail)};
    }
    return intervals;
}

std::vector<std::string> RougeCorpus::texts() const {
    const RougeScores scores = mean();
    const auto intervals = f1_intervals();
    std::vector<std::string> lines;
    for (size_t form = 0; form < scores.size(); ++form) {
        lines.push_back(fmt::format("{}|{} = {:.2f} (95 %: {:.2f} to {:.2f}) P {:.2f} R {:.2f}", rouge_labels[form],
                                    signature, 100 * scores[form].f1, 100 * intervals[form].low,
                                    100 * intervals[form].high, 100 * scores[form].precision,
                                    100 * scores[form].recall));
    }
    return lines;
}

RougeCorpus rouge_of_all(std::span<const std::string> summaries, std::span<const std::vector<std::string>> references) {
    check_references("ROUGE", summaries, references);
    RougeCorpus corpus;
    for (size_t i = 0; i < summaries.size(); ++i) {
        corpus.summaries.push_back(best_of_references(summaries[i], references[i]));
    }
    corpus.signature =
        fmt::format("nrefs:{}|stem:no|version:{}", reference_count_text(references), compatible_rouge_score);
    return corpus;
}

}  // namespace heed
