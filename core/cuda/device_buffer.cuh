#pragma once

#include <cuda_runtime.h>

#include <cstddef>

#include "heed/core/cuda/check.cuh"

namespace heed::cuda {

/// Memory of the card that only grows, for what is between the kernels of one call.
class DeviceBuffer {
public:
    DeviceBuffer() = default;
    ~DeviceBuffer() { cudaFree(address_); }
    DeviceBuffer(const DeviceBuffer&) = delete;
    DeviceBuffer& operator=(const DeviceBuffer&) = delete;

    /// At least `bytes` bytes with undefined content, 256-byte aligned; the memory of the last call is gone.
    void* reserve(size_t bytes) {
        if (bytes > capacity_) {
            // Waits for the kernels that use it.
            cudaFree(address_);
            address_ = nullptr;
            capacity_ = 0;
            check(cudaMalloc(&address_, bytes), "allocating working memory for products of matrices");
            capacity_ = bytes;
        }
        return address_;
    }

private:
    void* address_ = nullptr;
    size_t capacity_ = 0;
};

}  // namespace heed::cuda
