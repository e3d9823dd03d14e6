#include "heed/core/files/json_problem.h"

#include <string_view>

namespace heed {

std::string json_problem(const nlohmann::json::exception& error) {
    const std::string_view text = error.what();
    const size_t end = text.find("] ");
    return std::string(end == std::string_view::npos ? text : text.substr(end + 2));
}

}  // namespace heed
