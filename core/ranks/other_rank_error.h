#pragma once

#include <string>

#include "heed/core/error.h"

namespace heed {

/// This rank ends because of what happened on another one, where the user is told of it.
class OtherRankError : public Error {
public:
    explicit OtherRankError(const std::string& text, int exit_code = 1) : Error(text), exit_code_(exit_code) {}

    /// With which the program ends on that rank.
    int exit_code() const { return exit_code_; }

private:
    int exit_code_;
};

}  // namespace heed
