#pragma once

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <stdexcept>

namespace heed::test {

/// While it lives, no file of this process can grow beyond `bytes` (a write fails as on a full disk).
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) {
        old_handler_ = signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &old_);
        const rlimit limit{bytes, old_.rlim_max};
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0) throw std::runtime_error("cannot limit the file size");
    }
    ~FileSizeLimit() {
        setrlimit(RLIMIT_FSIZE, &old_);
        signal(SIGXFSZ, old_handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit old_{};
    sighandler_t old_handler_ = SIG_DFL;
};

/// While it lives, this process can open no more files ("Too many open files").
class NoMoreFiles {
public:
    NoMoreFiles() {
        getrlimit(RLIMIT_NOFILE, &old_);
        const rlimit limit{0, old_.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) throw std::runtime_error("cannot limit the number of files");
    }
    ~NoMoreFiles() { setrlimit(RLIMIT_NOFILE, &old_); }
    NoMoreFiles(const NoMoreFiles&) = delete;
    NoMoreFiles& operator=(const NoMoreFiles&) = delete;

private:
    rlimit old_{};
};

/// While it lives, a process of the superuser has the rights of an ordinary user; others keep their own.
class OrdinaryUser {
public:
    OrdinaryUser() : old_(geteuid()) {
        constexpr uid_t nobody = 65534;
        if (old_ == 0 && seteuid(nobody) != 0) throw std::runtime_error("cannot give up the superuser's rights");
    }
    ~OrdinaryUser() {
        if (seteuid(old_) != 0) _exit(1);
    }
    OrdinaryUser(const OrdinaryUser&) = delete;
    OrdinaryUser& operator=(const OrdinaryUser&) = delete;

private:
    uid_t old_;
};

}  // namespace heed::test
