#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "heed/trainers/decoding/beam_search_options.h"

namespace heed {

/// A finished sequence.
struct Hypothesis {
    std::vector<int32_t> tokens;  ///< without begin and end
    double log_probability = 0;   ///< of all tokens and the end
    double score = 0;             ///< log_probability with length normalisation; hypotheses are ordered by it
};

/// Which tokens may be written.
struct TokenRules {
    std::vector<uint8_t> writable;  ///< [vocabulary], 0 for what never stands in a hypothesis; the end is writable
    int32_t end = 0;
};

/// An unfinished sequence, as what extends a live one of the step before.
struct LiveHypothesis {
    int64_t row = 0;  ///< place of the live one that it extends
    int32_t token = 0;
    double log_probability = 0;
    int64_t node = 0;  ///< place of its last token in the tree of tokens
};

/// The beam search of one sentence: its live hypotheses, best first, and those that have ended.
class SentenceSearch {
public:
    /// `rules` must outlive the search. At most `longest` tokens are written before the end.
    SentenceSearch(const BeamSearchOptions& options, const TokenRules& rules, int64_t longest);

    /// Begins with a single live hypothesis, the empty one.
    const std::vector<LiveHypothesis>& live() const { return live_; }

    /// Finds the best extensions of the live hypotheses; `log_probabilities` is [live().size(), vocabulary]. Does not
    /// throw: a value that is no log-probability is kept for `refuse_bad_value`.
    void extend(const float* log_probabilities);
    /// Throws Error when the model gave NaN or a value above 0 (but for rounding).
    void refuse_bad_value(int64_t sentence) const;
    /// Makes the extensions the live and the finished hypotheses.
    void advance();

    /// True when no live hypothesis is left, enough have ended (BeamSearchOptions::patience), or none that is live can
    /// still be among the n_best.
    bool done() const;

    /// The n_best finished hypotheses, best first; fewer when fewer ended.
    std::vector<Hypothesis> best() const;

private:
    struct Node {
        int64_t parent;  // -1 for the first token
        int32_t token;
    };
    struct Extension {
        double log_probability;
        int64_t row;
        int32_t token;
    };
    struct Finished {
        double score;
        double log_probability;
        int64_t node;
    };
    struct BadValue {
        int64_t token;
        float value;
    };

    bool consider(int64_t row, int64_t token, float value);
    double normalisation(int64_t length) const;
    void finish(const Extension& extension);
    void scan_row(int64_t row, const float* values);

    const BeamSearchOptions& options_;
    const TokenRules& rules_;
    int64_t longest_;

    int64_t written_ = 0;  // tokens in each live hypothesis
    int64_t ended_ = 0;    // hypotheses that have ended, kept or not
    std::vector<LiveHypothesis> live_;
    std::vector<Extension> extensions_;  // best first
    std::vector<Finished> finished_;     // best first, at most n_best
    std::vector<Node> nodes_;
    std::optional<BadValue> bad_;  // the first one the model gave
};

}  // namespace heed
