#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace heed {

/// What an error of the JSON library says, without the library's own name and number of it in front.
std::string json_problem(const nlohmann::json::exception& error);

}  // namespace heed
