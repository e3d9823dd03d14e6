#pragma once

#include <stdexcept>
#include <string>

namespace heed {

/// Something went wrong that the user could not have prevented by other input (full disk, a loss that is not a number).
/// The program ends with exit code 1.
class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The input (recipe, command line, data file, checkpoint) is not what Heed expects. The text is one sentence: what was
/// expected, what came, where. The program ends with exit code 2.
class UserError : public Error {
public:
    using Error::Error;
};

}  // namespace heed
