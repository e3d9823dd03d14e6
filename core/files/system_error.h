#pragma once

#include <string>

namespace heed {

/// Throws "<what>: <the system's reason>" for the number `error` of a failed system call: UserError when another path
/// or other rights would mend it (no such folder, no permission, a name that is too long), else Error (a full or broken
/// disk, too little memory, too many open files).
[[noreturn]] void throw_system_error(const std::string& what, int error);

}  // namespace heed
