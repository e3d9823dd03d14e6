#pragma once

#include <string>
#include <vector>

namespace heed::test {

/// A header of Heed and the ops that it declares: functions at namespace level that make variables.
struct OpHeader {
    std::string file;  ///< without folder
    std::vector<std::string> ops;
};

/// The headers of a source folder ("core/ops"), in the order of their names, without those of kernels. The sources are
/// found through the environment variable HEED_SOURCE_DIR. Throws Error when there are none.
std::vector<OpHeader> op_headers(const std::string& folder);

}  // namespace heed::test
