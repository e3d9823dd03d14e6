#pragma once

#include <optional>
#include <string>

#include "heed/apps/command_line.h"

namespace CLI {
class App;
}

namespace heed {

/// The arguments of the commands that train a model, or say how it would go.
class TrainingArguments {
public:
    explicit TrainingArguments(CLI::App& app);
    TrainingArguments(const TrainingArguments&) = delete;
    TrainingArguments& operator=(const TrainingArguments&) = delete;

    /// The command of that name, once its arguments were read; nothing where it is none of these. Throws UserError
    /// for values that cannot be.
    std::optional<Command> command(const std::string& name);

private:
    TrainCommand train_;
    FinetuneCommand finetune_;
    CheckCommand check_;
};

}  // namespace heed
