#include "heed/trainers/decoding/beam_search_options.h"

#include <fmt/core.h>

#include <algorithm>

#include "heed/core/error.h"

namespace heed {

void BeamSearchOptions::describe(Fields& fields) {
    fields.add("beam", beam, "hypotheses kept at each step; 1 is greedy search").range(1, 1024);
    fields.add("n_best", n_best, "hypotheses given for each sentence, at most beam").range(1, 1024);
    fields
        .add("length_penalty", length_penalty,
             "a hypothesis scores its log-probability / ((5 + tokens) / 6)^length_penalty; larger favours longer ones")
        .range(0, 10);
    fields
        .add("patience", patience,
             "a search ends after patience * beam finished hypotheses; large: only when no other can still win")
        .range(1, 1e6);
    fields.add("min_length", min_length, "fewest tokens before the end token").range(0, 65536).unit("tokens");
    fields.add("max_length_factor", max_length_factor, "most tokens for each token of the source").range(0, 100);
    fields.add("max_length_extra", max_length_extra, "tokens allowed in addition").range(0, 65536).unit("tokens");
    fields.add("max_length", max_length, "most tokens of any hypothesis").range(1, 65536).unit("tokens");
}

void BeamSearchOptions::validate() const {
    if (n_best > beam) {
        throw UserError(fmt::format("decoding.n_best ({}) must not be above decoding.beam ({})", n_best, beam));
    }
    if (min_length > max_length) {
        throw UserError(
            fmt::format("decoding.min_length ({}) must not be above decoding.max_length ({})", min_length, max_length));
    }
}

int64_t BeamSearchOptions::longest(int64_t source_length) const {
    const double allowed =
        max_length_factor * static_cast<double>(source_length) + static_cast<double>(max_length_extra);
    const auto length = static_cast<int64_t>(std::min(allowed, static_cast<double>(max_length)));
    return std::max({length, min_length, int64_t{1}});
}

}  // namespace heed
