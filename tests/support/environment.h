#pragma once

#include <stdlib.h>

#include <optional>
#include <string>

namespace heed::test {

/// Sets an environment variable, or removes it where `value` is null, for the scope.
class Environment {
public:
    Environment(const char* name, const char* value) : name_(name) {
        if (const char* before = getenv(name)) before_ = before;
        set(value);
    }
    ~Environment() { set(before_ ? before_->c_str() : nullptr); }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

private:
    void set(const char* value) {
        if (value == nullptr) {
            unsetenv(name_);
        } else {
            setenv(name_, value, 1);
        }
    }

    const char* name_;
    std::optional<std::string> before_;
};

}  // namespace heed::test
