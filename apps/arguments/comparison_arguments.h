#pragma once

#include <optional>
#include <string>

#include "heed/apps/command_line.h"

namespace CLI {
class App;
}

namespace heed {

/// The arguments of the commands that compare attention types.
class ComparisonArguments {
public:
    explicit ComparisonArguments(CLI::App& app);
    ComparisonArguments(const ComparisonArguments&) = delete;
    ComparisonArguments& operator=(const ComparisonArguments&) = delete;

    /// The command of that name, once its arguments were read; nothing where it is none of these. `text` is the whole
    /// command as it was given. Throws UserError for values that cannot be.
    std::optional<Command> command(const std::string& name, const std::string& text);

private:
    CompareCommand checked_compare();
    CabCommand checked_cab();

    CompareCommand compare_;
    ReproduceCommand reproduce_;
    CabCommand cab_;
    std::string types_, seeds_, jobs_, grid_seeds_, margin_;
};

}  // namespace heed
