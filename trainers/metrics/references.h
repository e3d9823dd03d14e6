#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heed {

/// The sacreBLEU whose numbers bleu() and chrf() give; part of their signatures.
inline constexpr std::string_view compatible_sacrebleu = "2.6.0";

/// Throws UserError unless there is at least one hypothesis, as many lists of references, and at least one reference in
/// each list. `metric` is named in the error.
void check_references(std::string_view metric, std::span<const std::string> hypotheses,
                      std::span<const std::vector<std::string>> references);

/// The number of references of a segment as a signature has it: "2", or "var" when segments differ.
std::string reference_count_text(std::span<const std::vector<std::string>> references);

}  // namespace heed
