#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace heed {

/// One sample that was classified wrongly.
struct Mistake {
    int64_t index = 0;  ///< position in the split
    int32_t label = 0;
    int32_t prediction = 0;
    double probability = 0.0;  ///< that the model gave its prediction
};

/// Results on a whole split.
struct Evaluation {
    double loss = 0.0;      ///< mean cross-entropy, without label smoothing
    double accuracy = 0.0;  ///< fraction
    double score = 0.0;     ///< by which models are compared: the more, the better
    int64_t count = 0;      ///< what loss and accuracy are means over
    /// Other metrics by their names in metrics.jsonl ("f1").
    std::vector<std::pair<std::string, double>> more = {};
    int64_t classes = 0;
    std::vector<int64_t> confusion;  ///< [classes, classes], row: true class, column: prediction
    std::vector<Mistake> mistakes;   ///< the most certain ones first
    double seconds = 0.0;
    /// Lines for the log: metrics with their signatures.
    std::vector<std::string> remarks = {};
    std::vector<std::string> translations = {};  ///< of the sources of the split, in order; empty: not translated
};

}  // namespace heed
