#include "heed/trainers/decoding/token_sampling.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "heed/core/error.h"

namespace heed {

int32_t sample_token(std::span<const float> logits, std::span<const uint8_t> writable, const SamplingOptions& options,
                     double draw) {
    std::vector<int32_t> tokens;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        if (!writable[i]) continue;
        if (!std::isfinite(logits[i])) throw Error("the model gives numbers that are not finite");
        tokens.push_back(static_cast<int32_t>(i));
    }
    if (tokens.empty()) throw Error("there is no token that could be written");
    const auto logit = [&](int32_t token) { return static_cast<double>(logits[static_cast<std::size_t>(token)]); };
    std::stable_sort(tokens.begin(), tokens.end(), [&](int32_t a, int32_t b) { return logit(a) > logit(b); });
    if (options.greedy) return tokens.front();
    if (options.top_k > 0 && std::ssize(tokens) > options.top_k) tokens.resize(static_cast<std::size_t>(options.top_k));
    std::vector<double> weights;
    double sum = 0.0;
    for (const int32_t token : tokens) {
        weights.push_back(std::exp((logit(token) - logit(tokens.front())) / options.temperature));
        sum += weights.back();
    }
    double kept = 0.0;
    std::size_t count = 0;
    while (count < weights.size() && (count == 0 || kept < options.top_p * sum)) kept += weights[count++];
    double rest = draw * kept;
    for (std::size_t i = 0; i + 1 < count; ++i) {
        rest -= weights[i];
        if (rest < 0) return tokens[i];
    }
    return tokens[count - 1];
}

}  // namespace heed
