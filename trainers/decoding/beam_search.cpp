#include "heed/trainers/decoding/beam_search.h"

#include <fmt/core.h>

#include "heed/core/error.h"
#include "heed/core/parallel.h"
#include "heed/trainers/loop/stop_request.h"

namespace heed {

namespace {

TokenRules token_rules(const SpecialTokens& special, int64_t vocabulary) {
    for (const int32_t token : {special.begin, special.end}) {
        if (token >= 0 && token < vocabulary) continue;
        throw Error(fmt::format("expected begin and end among the {} tokens of the model, got {} and {}", vocabulary,
                                special.begin, special.end));
    }
    TokenRules rules{std::vector<uint8_t>(static_cast<size_t>(vocabulary), 1), special.end};
    if (special.pad >= 0 && special.pad < vocabulary) rules.writable[special.pad] = 0;
    rules.writable[special.begin] = 0;
    // Some vocabularies have one token for several of these purposes.
    rules.writable[special.end] = 1;
    return rules;
}

/// The searches of a batch and the rows of the model that belong to them.
class BatchSearch {
public:
    BatchSearch(std::span<const int64_t> source_lengths, const BeamSearchOptions& options, const TokenRules& rules,
                int32_t begin)
        : results_(source_lengths.size()), tokens_(source_lengths.size(), begin) {
        for (size_t i = 0; i < source_lengths.size(); ++i) {
            const auto row = static_cast<int64_t>(i);
            active_.push_back({SentenceSearch(options, rules, options.longest(source_lengths[i])), row, row});
        }
    }

    bool done() const { return active_.empty(); }
    std::span<const int32_t> tokens() const { return tokens_; }
    std::vector<std::vector<Hypothesis>> take_results() { return std::move(results_); }

    /// Moves all sentences on by one token and returns the rows of the model, as they were, that are continued.
    std::vector<int64_t> advance(const float* log_probabilities, int64_t vocabulary) {
        parallel_for(static_cast<int64_t>(active_.size()), 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                active_[i].search.extend(log_probabilities + active_[i].first_row * vocabulary);
            }
        });
        std::vector<int64_t> rows;
        tokens_.clear();
        std::vector<Sentence> remaining;
        for (Sentence& sentence : active_) {
            sentence.search.refuse_bad_value(sentence.index);
            sentence.search.advance();
            if (sentence.search.done()) {
                finish(sentence);
                continue;
            }
            const int64_t first_row = sentence.first_row;
            sentence.first_row = static_cast<int64_t>(rows.size());
            for (const LiveHypothesis& live : sentence.search.live()) {
                rows.push_back(first_row + live.row);
                tokens_.push_back(live.token);
            }
            remaining.push_back(std::move(sentence));
        }
        active_ = std::move(remaining);
        return rows;
    }

private:
    struct Sentence {
        SentenceSearch search;
        int64_t index;      // in the batch as it was given
        int64_t first_row;  // of its live hypotheses, which are neighbours
    };

    void finish(const Sentence& sentence) {
        std::vector<Hypothesis>& best = results_[sentence.index];
        best = sentence.search.best();
        if (!best.empty()) return;
        throw Error(fmt::format("the model gives no possible end for sentence {}: all probabilities are 0",
                                sentence.index + 1));
    }

    std::vector<std::vector<Hypothesis>> results_;
    std::vector<Sentence> active_;
    std::vector<int32_t> tokens_;  // what the next step appends to each row
};

bool is_unchanged(const std::vector<int64_t>& rows, size_t previous_rows) {
    if (rows.size() != previous_rows) return false;
    for (size_t i = 0; i < rows.size(); ++i) {
        if (rows[i] != static_cast<int64_t>(i)) return false;
    }
    return true;
}

}  // namespace

std::vector<std::vector<Hypothesis>> beam_search(StepModel& model, std::span<const int64_t> source_lengths,
                                                 const BeamSearchOptions& options, const SpecialTokens& special) {
    options.validate();
    const int64_t vocabulary = model.vocabulary();
    const TokenRules rules = token_rules(special, vocabulary);
    BatchSearch batch(source_lengths, options, rules, special.begin);
    while (!batch.done()) {
        stop_point();
        const size_t previous_rows = batch.tokens().size();
        const std::span<const float> log_probabilities = model.step(batch.tokens());
        if (log_probabilities.size() != previous_rows * static_cast<size_t>(vocabulary)) {
            throw Error(fmt::format("expected {} x {} log-probabilities from the model, got {}", previous_rows,
                                    vocabulary, log_probabilities.size()));
        }
        const std::vector<int64_t> rows = batch.advance(log_probabilities.data(), vocabulary);
        if (!batch.done() && !is_unchanged(rows, previous_rows)) model.reorder(rows);
    }
    return batch.take_results();
}

}  // namespace heed
