#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace heed {

/// Bytes that this process can still take: the least of what the system says is available, of the control group's limit
/// and of the address space that `ulimit -v` allows; the largest number where nothing is known.
int64_t free_memory();

/// Bytes of memory of the whole machine, or that the control group grants; the largest number where nothing is known.
int64_t machine_memory();

/// Bytes of swap of the machine.
int64_t machine_swap();

/// The same as free_memory from the files below `root`, without `ulimit`.
int64_t free_memory_in(const std::filesystem::path& root);

/// Throws UserError, with what is to be done, where `what` ("the resized images of the data set") takes more than there
/// is.
void check_memory(int64_t bytes, const std::string& what, const std::string& advice);

}  // namespace heed
