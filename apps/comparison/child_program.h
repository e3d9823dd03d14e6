#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace heed {

/// How a program ended.
struct ProgramEnd {
    int code = 0;    ///< exit code
    int signal = 0;  ///< that killed it; 0: none
};

/// This program, called by itself with other arguments, so that its memory and its crashes are its own. It has its own
/// process group, so that what a terminal sends to ours does not reach it; it gets SIGTERM where ours dies.
class ChildProgram {
public:
    /// Starts it; what it prints goes into a file. Throws Error where that cannot be.
    ChildProgram(const std::vector<std::string>& arguments, const std::string& output);
    /// Asks it to end, where it still runs, and waits for it.
    ~ChildProgram();
    ChildProgram(const ChildProgram&) = delete;
    ChildProgram& operator=(const ChildProgram&) = delete;

    /// How it ended; nothing while it runs. Does not wait.
    std::optional<ProgramEnd> end();
    /// SIGTERM, where it still runs.
    void ask_to_end();

private:
    pid_t process_ = -1;
    std::optional<ProgramEnd> end_;
};

}  // namespace heed
