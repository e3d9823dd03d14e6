#include "heed/tests/trainers/decoding/plain_search.h"

#include <algorithm>
#include <cmath>

namespace heed::test {

namespace {

Hypothesis extended(const Hypothesis& hypothesis, int32_t token, float value) {
    Hypothesis next = hypothesis;
    next.tokens.push_back(token);
    next.log_probability += value;
    return next;
}

Hypothesis ended(const Hypothesis& hypothesis, float value, const BeamSearchOptions& options) {
    Hypothesis end = hypothesis;
    end.log_probability += value;
    const double length = static_cast<double>(hypothesis.tokens.size()) + 1.0;
    end.score = end.log_probability / std::pow((5.0 + length) / 6.0, options.length_penalty);
    return end;
}

void sort_by_score(std::vector<Hypothesis>& hypotheses) {
    std::stable_sort(hypotheses.begin(), hypotheses.end(),
                     [](const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; });
}

/// What may follow: each with its value.
std::vector<std::pair<int32_t, float>> continuations(const Table& table, int64_t sentence, const Hypothesis& hypothesis,
                                                     int64_t longest, const BeamSearchOptions& options,
                                                     const SpecialTokens& special) {
    const auto values = table(sentence, hypothesis.tokens);
    const auto length = static_cast<int64_t>(hypothesis.tokens.size());
    std::vector<std::pair<int32_t, float>> result;
    for (int32_t token = 0; token < static_cast<int32_t>(values.size()); ++token) {
        if (token == special.pad || token == special.begin) continue;
        if (token == special.end ? length >= options.min_length : length < longest) {
            result.emplace_back(token, values[token]);
        }
    }
    return result;
}

void collect(const Table& table, int64_t sentence, const Hypothesis& hypothesis, int64_t longest,
             const BeamSearchOptions& options, const SpecialTokens& special, std::vector<Hypothesis>& all) {
    for (const auto& [token, value] : continuations(table, sentence, hypothesis, longest, options, special)) {
        if (token == special.end) {
            all.push_back(ended(hypothesis, value, options));
        } else {
            collect(table, sentence, extended(hypothesis, token, value), longest, options, special, all);
        }
    }
}

}  // namespace

std::vector<Hypothesis> every_hypothesis(const Table& table, int64_t sentence, int64_t source_length,
                                         const BeamSearchOptions& options, const SpecialTokens& special) {
    std::vector<Hypothesis> all;
    collect(table, sentence, {}, options.longest(source_length), options, special, all);
    sort_by_score(all);
    return all;
}

std::vector<Hypothesis> plain_beam_search(const Table& table, int64_t sentence, int64_t source_length,
                                          const BeamSearchOptions& options, const SpecialTokens& special) {
    struct Extension {
        size_t live;
        int32_t token;
        float value;
        double log_probability;
    };
    const int64_t longest = options.longest(source_length);
    const auto beam = static_cast<size_t>(options.beam);
    std::vector<Hypothesis> live = {{}}, finished;
    while (!live.empty() && static_cast<double>(finished.size()) < options.patience * static_cast<double>(beam)) {
        std::vector<Extension> extensions;
        for (size_t i = 0; i < live.size(); ++i) {
            for (const auto& [token, value] : continuations(table, sentence, live[i], longest, options, special)) {
                extensions.push_back({i, token, value, live[i].log_probability + value});
            }
        }
        std::stable_sort(extensions.begin(), extensions.end(),
                         [](const Extension& a, const Extension& b) { return a.log_probability > b.log_probability; });
        std::vector<Hypothesis> next;
        for (size_t rank = 0; rank < extensions.size() && next.size() < beam; ++rank) {
            const auto& [i, token, value, log_probability] = extensions[rank];
            if (token != special.end) {
                next.push_back(extended(live[i], token, value));
            } else if (rank < beam) {
                finished.push_back(ended(live[i], value, options));
            }
        }
        live = std::move(next);
    }
    sort_by_score(finished);
    if (static_cast<int64_t>(finished.size()) > options.n_best) finished.resize(options.n_best);
    return finished;
}

}  // namespace heed::test
