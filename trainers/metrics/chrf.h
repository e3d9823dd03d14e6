#pragma once

#include <span>
#include <string>
#include <vector>

namespace heed {

/// chrF as sacreBLEU computes it.
struct ChrfScore {
    double score = 0;       ///< 0 to 100
    std::string name;       ///< "chrF2", "chrF2++"
    std::string signature;  ///< "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0"

    /// The line that sacreBLEU prints: "chrF2|<signature> = 55.08".
    std::string text() const;
};

/// chrF2 of a corpus (Popovic, 2015) with sacreBLEU's defaults: n-grams of 1 to 6 characters without white space, mixed
/// case, beta 2. `word_order` 2 gives chrF2++ (Popovic, 2017), which counts words and pairs of words as well.
/// `references[i]` are the references of `hypotheses[i]`, one or more. Texts are UTF-8. Throws UserError, naming the
/// counts, when there are no segments, unequally many, or one without reference, and Error unless 0 <= word_order <= 2.
ChrfScore chrf(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
               int word_order = 0);

}  // namespace heed
