#include "heed/tests/e2e/program.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "heed/tests/support/text_file.h"

extern char** environ;

namespace heed::test {
namespace {

std::string binary() {
    const char* path = getenv("HEED_BINARY");
    if (!path) throw std::runtime_error("HEED_BINARY does not name the program");
    return path;
}

std::string output_name(const std::string& folder) {
    static std::atomic<int> calls = 0;
    return folder + "/.call-" + std::to_string(++calls);
}

}  // namespace

Program::Program(const std::string& folder, const std::vector<std::string>& arguments,
                 const std::vector<std::string>& launcher)
    : output_file_(output_name(folder) + ".out"), errors_file_(output_file_ + ".err") {
    const std::string path = binary();
    std::vector<char*> argv;
    for (const std::string& word : launcher) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(const_cast<char*>(launcher.empty() ? "heed" : path.c_str()));
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    // A shell's background jobs ignore SIGINT, and what they start would, too.
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGINT);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    const std::string started = launcher.empty() ? path : launcher[0];
    const int error = posix_spawnp(&process_, started.c_str(), &actions, &attributes, argv.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::system_error(error, std::generic_category(), "cannot start " + started);
}

Program::~Program() {
    if (process_ < 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
}

void Program::send(int signal) const {
    kill(process_, signal);
}

ProgramResult Program::wait() {
    int status = 0;
    while (waitpid(process_, &status, 0) < 0) {
        if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "cannot wait for the program");
    }
    process_ = -1;
    ProgramResult result;
    if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
    if (WIFEXITED(status)) result.code = WEXITSTATUS(status);
    result.output = read_text(output_file_);
    result.errors = read_text(errors_file_);
    return result;
}

std::string Program::errors() const {
    return read_text(errors_file_);
}

ProgramResult run_program(const std::string& folder, const std::vector<std::string>& arguments) {
    return Program(folder, arguments).wait();
}

}  // namespace heed::test
