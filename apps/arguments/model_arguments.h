#pragma once

#include <optional>
#include <string>

#include "heed/apps/command_line.h"

namespace CLI {
class App;
}

namespace heed {

/// The arguments of the commands that measure a trained model or put another attention into it.
class ModelArguments {
public:
    explicit ModelArguments(CLI::App& app);
    ModelArguments(const ModelArguments&) = delete;
    ModelArguments& operator=(const ModelArguments&) = delete;

    /// The command of that name, once its arguments were read; nothing where it is none of these. Throws UserError
    /// for values that cannot be.
    std::optional<Command> command(const std::string& name);

private:
    ConvertCommand checked_convert();

    EvalCommand eval_;
    SweepCommand sweep_;
    ConvertCommand convert_;
    std::string scores_, rounds_, budget_;
};

}  // namespace heed
