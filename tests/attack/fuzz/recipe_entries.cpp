#include <sstream>
#include <stdexcept>

#include "heed/tests/attack/fuzz/entries.h"
#include "heed/trainers/recipe/recipe.h"
#include "heed/trainers/recipe/recipe_spec.h"

namespace heed::test {
namespace {

/// What was accepted has to be accepted again, as the same.
void read_back(const Recipe& recipe) {
    const std::string text = recipe.resolved_yaml();
    if (parse_recipe(recipe_spec(), text, "resolved", {}).resolved_yaml() != text) {
        throw std::logic_error("the resolved recipe reads back to another one");
    }
}

}  // namespace

int fuzz_recipe(const uint8_t* data, size_t size) {
    read_back(parse_recipe(recipe_spec(), {reinterpret_cast<const char*>(data), size}, "recipe", {}));
    return 0;
}

/// Each line is a setting of the command line.
int fuzz_settings(const uint8_t* data, size_t size) {
    std::istringstream lines(std::string(reinterpret_cast<const char*>(data), size));
    std::vector<std::string> settings;
    for (std::string line; std::getline(lines, line);) settings.push_back(line);
    read_back(parse_recipe(recipe_spec(), "model: {type: vit}\ndata: {name: mnist}\n", "recipe", settings));
    return 0;
}

}  // namespace heed::test
