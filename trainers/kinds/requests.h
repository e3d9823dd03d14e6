#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heed/trainers/decoding/token_sampling.h"
#include "heed/trainers/loop/task.h"

namespace heed {

/// What a user asks of a trained model. Answers go to standard output, in the order of the input.
struct PredictRequest {
    std::vector<std::string> files;  ///< none, or "-": standard input, where the kind reads lines
    int64_t top = 0;                 ///< 0: one class, or all labels above 50 % where a sample can have several
    bool json = false;
    bool csv = false;
    std::string embedding;  ///< empty: classes; "plain" or "unit": the vector that the head reads, or that at length 1
    std::vector<std::string> dump;  ///< empty, or what to dump ("attention,hidden,logits") and the file for it
};

struct TranslateRequest {
    std::vector<std::string> files;
    int64_t beam = 0;    ///< 0: as the recipe says
    int64_t n_best = 0;  ///< the same
    bool json = false;
    std::string attention;  ///< file of pictures; empty: none
};

struct ScoreRequest {
    std::vector<std::string> files;
    bool json = false;
};

struct GenerateRequest {
    std::optional<std::string> prompt;  ///< nothing: standard input, all of it
    int64_t length = 200;               ///< tokens that are written
    SamplingOptions sampling;
    int64_t seed = 1;
    int64_t window = 0;  ///< tokens that are kept where the model can read no more; 0: half of what it reads at once
    bool json = false;
};

/// Which predictions are to be explained.
struct SampleRequest {
    /// As `predict` or `translate` reads them; a translator's line may hold a translation behind a tab. Of no effect
    /// with a split.
    std::vector<std::string> files;
    std::optional<Split> split;  ///< of the data that the recipe names
    int64_t limit = 0;           ///< most inputs; 0: all
    int64_t position = 0;        ///< of a translator: which token, from 1; 0: every one, a sample each

    /// How many of `size` inputs are asked for.
    int64_t count_of(int64_t size) const { return limit > 0 ? std::min(limit, size) : size; }
    /// Of a split of `size` samples those that are asked for, spread evenly over it: many files are sorted, by class or
    /// by length.
    std::vector<int64_t> samples_of_split(int64_t size) const;
};

}  // namespace heed
