#pragma once

#include <optional>
#include <string>
#include <vector>

#include "heed/apps/command_line.h"

namespace CLI {
class App;
}

namespace heed {

/// The arguments of `heed bench`.
class BenchmarkArguments {
public:
    explicit BenchmarkArguments(CLI::App& app);
    BenchmarkArguments(const BenchmarkArguments&) = delete;
    BenchmarkArguments& operator=(const BenchmarkArguments&) = delete;

    /// The command, once its arguments were read; nothing where `name` is none of these. Throws UserError for values
    /// that cannot be.
    std::optional<Command> command(const std::string& name) const;

private:
    BenchProfileCommand checked_profile() const;

    std::vector<std::string> what_, settings_;
    std::string json_, csv_, page_, steps_, warm_up_;
};

}  // namespace heed
