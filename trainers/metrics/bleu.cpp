#include "heed/trainers/metrics/bleu.h"

#include <fmt/core.h>

#include <cmath>
#include <cstdlib>
#include <unordered_map>

#include "heed/trainers/metrics/ngrams.h"
#include "heed/trainers/metrics/python_text.h"
#include "heed/trainers/metrics/references.h"
#include "heed/trainers/metrics/tokenizer_13a.h"

namespace heed {

namespace {

constexpr int bleu_token_bits = 32;

/// The texts of one segment as numbers: equal tokens have equal numbers.
class BleuTokenNumbers {
public:
    std::vector<uint32_t> of(const std::u32string& separated) {
        std::vector<uint32_t> numbers;
        for (std::u32string_view token : python_split(separated)) {
            const auto next = static_cast<uint32_t>(numbers_.size());
            numbers.push_back(numbers_.try_emplace(std::u32string(token), next).first->second);
        }
        return numbers;
    }

private:
    std::unordered_map<std::u32string, uint32_t> numbers_;
};

void add_bleu_segment(BleuScore& score, const std::string& hypothesis, const std::vector<std::string>& references) {
    BleuTokenNumbers numbers;
    const auto tokens_of = [&](const std::string& text) {
        return numbers.of(separate_13a(python_rstrip(python_text(text))));
    };
    const std::vector<uint32_t> tokens = tokens_of(hypothesis);
    const auto length = static_cast<int64_t>(tokens.size());
    std::array<NgramCounts, bleu_order> in_references;
    int64_t nearest = -1;
    for (const std::string& text : references) {
        const std::vector<uint32_t> reference = tokens_of(text);
        const auto reference_length = static_cast<int64_t>(reference.size());
        const int64_t distance = std::abs(length - reference_length), least = std::abs(length - nearest);
        if (nearest < 0 || distance < least || (distance == least && reference_length < nearest)) {
            nearest = reference_length;
        }
        for (int n = 1; n <= bleu_order; ++n) {
            raise_counts(in_references[n - 1], count_ngrams(reference, n, bleu_token_bits));
        }
    }
    score.hypothesis_length += length;
    score.reference_length += nearest;
    for (int n = 1; n <= bleu_order; ++n) {
        const NgramCounts counts = count_ngrams(tokens, n, bleu_token_bits);
        score.totals[n - 1] += total_count(counts);
        score.matches[n - 1] += common_count(counts, in_references[n - 1]);
    }
}

double bleu_brevity_penalty(int64_t hypothesis_length, int64_t reference_length) {
    if (hypothesis_length >= reference_length) return 1.0;
    if (hypothesis_length == 0) return 0.0;
    return std::exp(1.0 - static_cast<double>(reference_length) / static_cast<double>(hypothesis_length));
}

/// sacreBLEU's logarithm of a precision: zero gives a number so low that the score becomes zero.
double bleu_log(double precision) {
    return precision == 0.0 ? -9999999999.0 : std::log(precision);
}

/// Score, precisions and brevity penalty from the counts.
void finish_bleu(BleuScore& score, bool effective_order) {
    score.brevity_penalty = bleu_brevity_penalty(score.hypothesis_length, score.reference_length);
    // Longer n-grams cannot match either.
    if (score.matches[0] == 0) return;
    int order = bleu_order;
    double smoothing = 1.0;
    for (int n = 0; n < bleu_order && score.totals[n] > 0; ++n) {
        if (effective_order) order = n + 1;
        const auto total = static_cast<double>(score.totals[n]);
        if (score.matches[n] == 0) {
            smoothing *= 2.0;
            score.precisions[n] = 100.0 / (smoothing * total);
        } else {
            score.precisions[n] = 100.0 * static_cast<double>(score.matches[n]) / total;
        }
    }
    double sum = 0.0;
    for (int n = 0; n < order; ++n) sum += bleu_log(score.precisions[n]);
    score.score = score.brevity_penalty * std::exp(sum / order);
}

BleuScore bleu_of(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                  bool effective_order) {
    check_references("BLEU", hypotheses, references);
    BleuScore score;
    for (size_t i = 0; i < hypotheses.size(); ++i) add_bleu_segment(score, hypotheses[i], references[i]);
    finish_bleu(score, effective_order);
    score.signature =
        fmt::format("nrefs:{}|case:mixed|eff:{}|tok:13a|smooth:exp|version:{}", reference_count_text(references),
                    effective_order ? "yes" : "no", compatible_sacrebleu);
    return score;
}

}  // namespace

BleuScore bleu(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references) {
    return bleu_of(hypotheses, references, false);
}

BleuScore sentence_bleu(const std::string& hypothesis, const std::vector<std::string>& references) {
    return bleu_of({&hypothesis, 1}, {&references, 1}, true);
}

std::string BleuScore::text() const {
    const double ratio =
        reference_length == 0 ? 0.0 : static_cast<double>(hypothesis_length) / static_cast<double>(reference_length);
    return fmt::format(
        "BLEU|{} = {:.2f} {:.1f}/{:.1f}/{:.1f}/{:.1f} (BP = {:.3f} ratio = {:.3f} hyp_len = {} ref_len = {})",
        signature, score, precisions[0], precisions[1], precisions[2], precisions[3], brevity_penalty, ratio,
        hypothesis_length, reference_length);
}

}  // namespace heed
