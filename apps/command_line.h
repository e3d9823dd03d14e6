#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace heed {

struct TrainCommand {
    std::string recipe;
    std::vector<std::string> overrides;
    bool resume = false;
};

struct EvalCommand {
    std::string target;  ///< run folder or checkpoint
    std::vector<std::string> overrides;
    std::string split = "test";
    bool json = false;
};

struct PredictCommand {
    std::string target;
    std::vector<std::string> files;
    int64_t top = 1;
    bool json = false;
    std::vector<std::string> dump;  ///< empty, or what to dump ("attention,hidden,logits") and the file for it
};

struct CheckCommand {
    std::string recipe;
    std::vector<std::string> overrides;
};

struct InfoCommand {
    std::string target;
};

/// Something to print: a help text, the recipe reference.
struct ShowText {
    std::string text;
};

struct ShowVersion {};

using Command =
    std::variant<TrainCommand, EvalCommand, PredictCommand, CheckCommand, InfoCommand, ShowText, ShowVersion>;

/// What the arguments (without the program's name) ask for. Throws UserError, with the nearest name, when they make no
/// command.
Command parse_command_line(const std::vector<std::string>& arguments);

}  // namespace heed
