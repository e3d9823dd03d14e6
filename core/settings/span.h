#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace heed {

/// A length of training: a number of optimizer steps ("500" or "500 steps"), a share of all steps ("5%"), or a number
/// of passes over the training set ("2 epochs", "0.5 epochs").
struct Span {
    enum class Unit { steps, percent, epochs };

    double amount = 0;
    Unit unit = Unit::steps;

    static Span steps(int64_t count) { return {static_cast<double>(count), Unit::steps}; }
    static Span percent(double share) { return {share, Unit::percent}; }
    static Span epochs(double count) { return {count, Unit::epochs}; }

    /// The same length in optimizer steps, rounded to the nearest.
    int64_t in_steps(int64_t total_steps, double steps_per_epoch) const;

    /// As a recipe writes it; parse_span reads it back to the same value.
    std::string text() const;

    bool operator==(const Span&) const = default;
};

/// Reads a span; false (and `span` untouched) when the text is none, is negative, or is more than 100 %.
bool parse_span(std::string_view text, Span& span);

}  // namespace heed
