#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace heed::test {

/// How a call of the program ended.
struct ProgramResult {
    int code = 0;    ///< exit code
    int signal = 0;  ///< the signal that ended it, 0 for none
    std::string output, errors;
};

/// A call of the real `heed` program (of the environment variable HEED_BINARY) that runs beside the test.
class Program {
public:
    /// Starts it in `folder`, which also gets its output; by `launcher`, a program with its arguments, where that is
    /// given. Ctrl-C (SIGINT) has its usual effect on it.
    Program(const std::string& folder, const std::vector<std::string>& arguments,
            const std::vector<std::string>& launcher = {});
    /// Kills it if it still runs.
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    void send(int signal) const;
    pid_t process() const { return process_; }
    ProgramResult wait();
    /// What it has written to standard error so far.
    std::string errors() const;

private:
    std::string output_file_, errors_file_;
    pid_t process_ = -1;
};

/// Runs it to its end.
ProgramResult run_program(const std::string& folder, const std::vector<std::string>& arguments);

}  // namespace heed::test
