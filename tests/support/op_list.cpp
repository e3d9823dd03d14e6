#include "heed/tests/support/op_list.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>

#include "heed/core/error.h"

namespace heed::test {

namespace {

/// A declaration is a line without indentation: a type, a name, a bracket. What makes a variable returns one, or a
/// struct of results, and takes variables.
std::vector<std::string> ops_in(const std::filesystem::path& header) {
    static const std::regex declaration(R"(^(\w+) (\w+)\((.*))");
    std::vector<std::string> ops;
    std::ifstream file(header);
    for (std::string line; std::getline(file, line);) {
        std::smatch match;
        if (!std::regex_match(line, match, declaration)) continue;
        const bool makes_variable = match[1] == "Variable";
        const bool makes_result =
            match[1] != "Tensor" && match[1] != "void" && match[3].str().find("Variable&") != std::string::npos;
        if (makes_variable || makes_result) ops.push_back(match[2]);
    }
    return ops;
}

}  // namespace

std::vector<OpHeader> op_headers(const std::string& folder) {
    const char* root = std::getenv("HEED_SOURCE_DIR");
    if (!root) throw Error("expected HEED_SOURCE_DIR to name the source folder; CTest sets it");
    std::vector<OpHeader> headers;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::filesystem::path(root) / folder)) {
        const std::string file = entry.path().filename();
        if (file.ends_with(".h") && !file.ends_with("_kernels.h")) headers.push_back({file, ops_in(entry.path())});
    }
    if (headers.empty()) throw Error("no headers in " + folder);
    std::sort(headers.begin(), headers.end(), [](const auto& a, const auto& b) { return a.file < b.file; });
    return headers;
}

}  // namespace heed::test
