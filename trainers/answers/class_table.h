#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heed {

/// A field of a CSV file: in double quotes where it holds a comma, a quote, a line end or outer spaces.
std::string csv_field(std::string_view text);

/// Predictions as CSV (RFC 4180, with line feeds): what is known of each sample, the class and its probability, or the
/// labels above 50 %, and the probability of every class.
class ClassTable {
public:
    /// `separator` stands between the labels where a sample can have several; empty: it has one class.
    ClassTable(const std::vector<std::string>& classes, std::string separator)
        : classes_(classes), separator_(std::move(separator)) {}

    /// The line of names; `known` are those of the columns in front.
    std::string header(const std::vector<std::string>& known) const;
    std::string row(const std::vector<std::string>& known, std::span<const float> probabilities) const;

private:
    const std::vector<std::string>& classes_;
    std::string separator_;
};

}  // namespace heed
