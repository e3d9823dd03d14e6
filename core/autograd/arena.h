#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace heed {

/// Memory for the nodes of one step: handed out in order, taken back all at once, kept for the next step.
class Arena {
public:
    /// `bytes` bytes aligned for any type.
    void* allocate(size_t bytes);
    /// Makes all memory available again; the owner has ended the lifetime of what was in it.
    void reset();

private:
    static constexpr size_t block_bytes = 1 << 16;
    std::vector<std::unique_ptr<std::byte[]>> blocks_;
    size_t block_ = 0;
    size_t used_ = 0;
};

}  // namespace heed
