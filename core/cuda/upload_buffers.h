#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <vector>

namespace heed::cuda {

/// Pinned memory of the host through which everything goes to the card: the host goes on while copies wait for the
/// kernels before them, and what it copied from is its own again at once. Blocks are used again when their copy is
/// done; the host waits only when all are on their way.
class UploadBuffers {
public:
    UploadBuffers() = default;
    ~UploadBuffers();
    UploadBuffers(const UploadBuffers&) = delete;
    UploadBuffers& operator=(const UploadBuffers&) = delete;

    /// Copies to the card, in the order of the work stream. `host` has been read when this returns.
    void upload(void* destination, const void* host, size_t bytes);

    static constexpr size_t piece_bytes = size_t{64} << 20;  ///< the most that one block holds
    static constexpr size_t most_bytes = 4 * piece_bytes;    ///< of all blocks

private:
    struct Block {
        void* memory = nullptr;
        size_t bytes = 0;
        cudaEvent_t sent = nullptr;
    };

    Block& free_block(size_t bytes);
    void release_all() noexcept;

    std::vector<Block> blocks_;
    size_t held_ = 0;
};

}  // namespace heed::cuda
