#include "heed/trainers/metrics/references.h"

#include <fmt/core.h>

#include "heed/core/error.h"

namespace heed {

void check_references(std::string_view metric, std::span<const std::string> hypotheses,
                      std::span<const std::vector<std::string>> references) {
    if (hypotheses.size() != references.size()) {
        throw UserError(fmt::format("{} expects references for each hypothesis, got {} hypotheses and {} references",
                                    metric, hypotheses.size(), references.size()));
    }
    if (hypotheses.empty()) {
        throw UserError(fmt::format("{} expects at least one hypothesis, got 0 hypotheses and 0 references", metric));
    }
    for (size_t i = 0; i < references.size(); ++i) {
        if (!references[i].empty()) continue;
        throw UserError(fmt::format("{} expects at least one reference for each hypothesis, got none for number {}",
                                    metric, i + 1));
    }
}

std::string reference_count_text(std::span<const std::vector<std::string>> references) {
    for (const auto& each : references) {
        if (each.size() != references.front().size()) return "var";
    }
    return fmt::format("{}", references.front().size());
}

}  // namespace heed
