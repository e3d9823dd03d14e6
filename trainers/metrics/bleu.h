#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace heed {

/// Longest n-grams that BLEU counts.
inline constexpr int bleu_order = 4;

/// BLEU as sacreBLEU computes it, with what it is made of.
struct BleuScore {
    double score = 0;                             ///< 0 to 100
    std::array<int64_t, bleu_order> matches{};    ///< n-grams found in a reference, for n = 1 ... 4
    std::array<int64_t, bleu_order> totals{};     ///< n-grams of the hypotheses
    std::array<double, bleu_order> precisions{};  ///< percent, smoothed; 0 when nothing matched at all
    double brevity_penalty = 0;                   ///< 0 to 1
    int64_t hypothesis_length = 0;                ///< tokens
    int64_t reference_length = 0;                 ///< tokens of the references nearest in length
    std::string signature;                        ///< "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0"

    /// The line that sacreBLEU prints: "BLEU|<signature> = 31.96 63.0/38.1/25.4/17.4 (BP = 1.000 ...)".
    std::string text() const;
};

/// BLEU of a corpus (Papineni et al., 2002) with sacreBLEU's defaults: tokenisation 13a, mixed case, exponential
/// smoothing, no effective order. `references[i]` are the references of `hypotheses[i]`, one or more; their number may
/// differ between segments. Texts are UTF-8 and not tokenised. Throws UserError, naming the counts, when there are no
/// segments, unequally many, or one without reference.
BleuScore bleu(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references);

/// BLEU of one segment, with effective order: n-grams longer than the hypothesis do not count. sacreBLEU's
/// sentence_bleu.
BleuScore sentence_bleu(const std::string& hypothesis, const std::vector<std::string>& references);

}  // namespace heed
