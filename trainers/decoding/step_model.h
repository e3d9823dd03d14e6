#pragma once

#include <cstdint>
#include <span>

namespace heed {

/// A model that writes several sequences at once, a token a step. It keeps a row of state (a cache) for each.
class StepModel {
public:
    virtual ~StepModel() = default;

    virtual int64_t vocabulary() const = 0;

    /// Appends tokens[r] to the sequence of row r and returns the log-probabilities of what follows: [rows,
    /// vocabulary], valid until the next call. The first step has a row for each source sentence, in order, and the
    /// begin token.
    virtual std::span<const float> step(std::span<const int32_t> tokens) = 0;

    /// From now on row r continues what was row rows[r]. Rows may be repeated and left out. Not called when all rows
    /// stay as they are.
    virtual void reorder(std::span<const int64_t> rows) = 0;
};

}  // namespace heed
