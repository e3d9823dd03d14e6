#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

}  // namespace heed
