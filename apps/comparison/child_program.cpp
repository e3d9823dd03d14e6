#include "heed/apps/comparison/child_program.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "heed/core/error.h"
#include "heed/core/files/system_error.h"

namespace heed {

namespace {

/// Between fork and exec, where only what a signal handler may call is allowed.
[[noreturn]] void become_program(char* const* arguments, int output, pid_t parent) {
    setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);  // it died before
    const int input = open("/dev/null", O_RDONLY);
    dup2(input, 0);
    dup2(output, 1);
    dup2(output, 2);
    execv("/proc/self/exe", arguments);
    _exit(127);
}

}  // namespace

ChildProgram::ChildProgram(const std::vector<std::string>& arguments, const std::string& output) {
    const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) throw_system_error("cannot write " + output, errno);
    std::string name = "heed";
    std::vector<std::string> copies = arguments;
    std::vector<char*> pointers = {name.data()};
    for (std::string& argument : copies) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const pid_t parent = getpid();
    process_ = fork();
    if (process_ == 0) become_program(pointers.data(), file, parent);
    const int error = errno;
    close(file);
    if (process_ < 0) throw Error(std::string("cannot start a training: ") + std::strerror(error));
}

ChildProgram::~ChildProgram() {
    if (end_) return;
    ask_to_end();
    while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

std::optional<ProgramEnd> ChildProgram::end() {
    int status = 0;
    if (!end_ && waitpid(process_, &status, WNOHANG) == process_) {
        end_ = WIFSIGNALED(status) ? ProgramEnd{0, WTERMSIG(status)} : ProgramEnd{WEXITSTATUS(status), 0};
    }
    return end_;
}

void ChildProgram::ask_to_end() {
    if (!end_) kill(process_, SIGTERM);
}

}  // namespace heed
