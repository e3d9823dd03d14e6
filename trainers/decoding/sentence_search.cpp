#include "heed/trainers/decoding/sentence_search.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "heed/core/error.h"

namespace heed {

namespace {

constexpr double impossible = -std::numeric_limits<double>::infinity();

/// Rounding may lift the logarithm of a probability of 1 this far above 0.
constexpr float log_probability_slack = 1e-3f;

}  // namespace

SentenceSearch::SentenceSearch(const BeamSearchOptions& options, const TokenRules& rules, int64_t longest)
    : options_(options), rules_(rules), longest_(longest), live_{{.node = -1}} {
    // Each live hypothesis has one end, so that among twice as many extensions enough go on.
    extensions_.reserve(static_cast<size_t>(2 * options.beam + 1));
}

bool SentenceSearch::consider(int64_t row, int64_t token, float value) {
    if (!(value <= log_probability_slack)) {
        bad_ = {token, value};
        return false;
    }
    const Extension extension{live_[row].log_probability + std::min(value, 0.0f), row, static_cast<int32_t>(token)};
    if (extension.log_probability == impossible) return true;
    // Behind its equals: they come from a lower row or are a lower token.
    const auto place =
        std::upper_bound(extensions_.begin(), extensions_.end(), extension,
                         [](const Extension& a, const Extension& b) { return a.log_probability > b.log_probability; });
    extensions_.insert(place, extension);
    if (static_cast<int64_t>(extensions_.size()) > 2 * options_.beam) extensions_.pop_back();
    return true;
}

void SentenceSearch::scan_row(int64_t row, const float* values) {
    const auto vocabulary = static_cast<int64_t>(rules_.writable.size());
    const double base = live_[row].log_probability;
    const auto full = static_cast<size_t>(2 * options_.beam);
    double worst = extensions_.size() < full ? impossible : extensions_.back().log_probability;
    for (int64_t token = 0; token < vocabulary; ++token) {
        // NaN is not "at most" anything, so that it does not slip through here.
        if (base + values[token] <= worst) continue;
        const bool allowed = rules_.writable[token] && (token != rules_.end || written_ >= options_.min_length);
        if (!allowed && !std::isnan(values[token])) continue;
        if (!consider(row, token, values[token])) return;
        if (extensions_.size() == full) worst = extensions_.back().log_probability;
    }
}

void SentenceSearch::extend(const float* log_probabilities) {
    extensions_.clear();
    const auto vocabulary = static_cast<int64_t>(rules_.writable.size());
    for (int64_t row = 0; row < static_cast<int64_t>(live_.size()) && !bad_; ++row) {
        const float* values = log_probabilities + row * vocabulary;
        if (written_ < longest_) {
            scan_row(row, values);
        } else {
            consider(row, rules_.end, values[rules_.end]);
        }
    }
}

void SentenceSearch::refuse_bad_value(int64_t sentence) const {
    if (!bad_) return;
    throw Error(
        fmt::format("expected log-probabilities from the model, got {} for token {} of sentence {} after {} "
                    "tokens",
                    bad_->value, bad_->token, sentence + 1, written_));
}

double SentenceSearch::normalisation(int64_t length) const {
    return std::pow((5.0 + static_cast<double>(length)) / 6.0, options_.length_penalty);
}

void SentenceSearch::finish(const Extension& extension) {
    ++ended_;
    const Finished one{extension.log_probability / normalisation(written_ + 1), extension.log_probability,
                       live_[extension.row].node};
    const auto place = std::upper_bound(finished_.begin(), finished_.end(), one,
                                        [](const Finished& a, const Finished& b) { return a.score > b.score; });
    finished_.insert(place, one);
    if (static_cast<int64_t>(finished_.size()) > options_.n_best) finished_.pop_back();
}

void SentenceSearch::advance() {
    std::vector<LiveHypothesis> next;
    const auto beam = static_cast<size_t>(options_.beam);
    for (size_t rank = 0; rank < extensions_.size() && next.size() < beam; ++rank) {
        const Extension& extension = extensions_[rank];
        if (extension.token != rules_.end) {
            nodes_.push_back({live_[extension.row].node, extension.token});
            next.push_back(
                {extension.row, extension.token, extension.log_probability, static_cast<int64_t>(nodes_.size()) - 1});
        } else if (rank < beam) {
            // An end outside of the beam is dropped as any other token is: else greedy search would not be greedy.
            finish(extension);
        }
    }
    live_ = std::move(next);
    ++written_;
}

bool SentenceSearch::done() const {
    if (live_.empty() || static_cast<double>(ended_) >= options_.patience * static_cast<double>(options_.beam)) {
        return true;
    }
    if (static_cast<int64_t>(finished_.size()) < options_.n_best) return false;
    // What is live can only lose probability; the most that length can make up for is that of the longest.
    return live_.front().log_probability / normalisation(longest_ + 1) <= finished_.back().score;
}

std::vector<Hypothesis> SentenceSearch::best() const {
    std::vector<Hypothesis> hypotheses;
    for (const Finished& one : finished_) {
        Hypothesis hypothesis{{}, one.log_probability, one.score};
        for (int64_t node = one.node; node >= 0; node = nodes_[node].parent) {
            hypothesis.tokens.push_back(nodes_[node].token);
        }
        std::reverse(hypothesis.tokens.begin(), hypothesis.tokens.end());
        hypotheses.push_back(std::move(hypothesis));
    }
    return hypotheses;
}

}  // namespace heed
