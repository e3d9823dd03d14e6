#pragma once

#include <optional>
#include <string>

#include "heed/apps/command_line.h"

namespace CLI {
class App;
}

namespace heed {

/// The arguments of the commands that bring models in and out and tell what folders hold.
class FolderArguments {
public:
    explicit FolderArguments(CLI::App& app);
    FolderArguments(const FolderArguments&) = delete;
    FolderArguments& operator=(const FolderArguments&) = delete;

    /// The command of that name, once its arguments were read; nothing where it is none of these. Throws UserError
    /// for values that cannot be.
    std::optional<Command> command(const std::string& name);

private:
    ImportCommand import_;
    ExportCommand export_;
    InfoCommand info_;
    ReportCommand report_;
    DataCommand data_;
    std::string timeout_;
};

}  // namespace heed
