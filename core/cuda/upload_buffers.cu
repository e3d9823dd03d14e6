#include "heed/core/cuda/upload_buffers.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "heed/core/cuda/check.cuh"
#include "heed/core/cuda/launch.cuh"

namespace heed::cuda {

UploadBuffers::~UploadBuffers() {
    release_all();
}

void UploadBuffers::upload(void* destination, const void* host, size_t bytes) {
    for (size_t done = 0; done < bytes; done += piece_bytes) {
        const size_t piece = std::min(bytes - done, piece_bytes);
        Block& block = free_block(piece);
        std::memcpy(block.memory, static_cast<const std::byte*>(host) + done, piece);
        check(cudaMemcpyAsync(static_cast<std::byte*>(destination) + done, block.memory, piece, cudaMemcpyHostToDevice,
                              work_stream()),
              "copying to the card");
        check(cudaEventRecord(block.sent, work_stream()), "noting a copy to the card");
    }
}

UploadBuffers::Block& UploadBuffers::free_block(size_t bytes) {
    const size_t capacity = std::bit_ceil(std::max(bytes, size_t{4} << 10));
    Block* busy = nullptr;
    for (Block& block : blocks_) {
        if (block.bytes != capacity) continue;
        const cudaError_t state = cudaEventQuery(block.sent);
        if (state == cudaSuccess) return block;
        if (state != cudaErrorNotReady) check(state, "waiting for a copy to the card");
        if (!busy) busy = &block;
    }
    if (held_ + capacity > most_bytes) {
        if (busy) {
            check(cudaEventSynchronize(busy->sent), "waiting for a copy to the card");
            return *busy;
        }
        release_all();
    }
    Block block;
    check(cudaMallocHost(&block.memory, capacity), "allocating pinned memory");
    block.bytes = capacity;
    blocks_.push_back(block);
    held_ += capacity;
    check(cudaEventCreateWithFlags(&blocks_.back().sent, cudaEventDisableTiming), "making an event");
    return blocks_.back();
}

void UploadBuffers::release_all() noexcept {
    for (const Block& block : blocks_) {
        if (block.sent) {
            cudaEventSynchronize(block.sent);
            cudaEventDestroy(block.sent);
        }
        cudaFreeHost(block.memory);
    }
    blocks_.clear();
    held_ = 0;
}

}  // namespace heed::cuda
