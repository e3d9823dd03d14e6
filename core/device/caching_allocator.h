#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "heed/core/device/device.h"

namespace heed {

class Context;

/// A counted block of device memory. Not thread-safe: a block is used by the thread of its context only.
struct Storage {
    Context* context = nullptr;
    void* data = nullptr;
    size_t capacity = 0;
    int64_t owners = 0;
    Storage* next_free = nullptr;
};

/// Hands out blocks in size classes and keeps them for reuse, so that a training step in its steady state allocates
/// nothing. Size classes: four a power of two, at least 256 bytes.
class CachingAllocator {
public:
    CachingAllocator(Context& context, Device& device) : context_(context), device_(device) {}
    ~CachingAllocator();
    CachingAllocator(const CachingAllocator&) = delete;
    CachingAllocator& operator=(const CachingAllocator&) = delete;

    /// A block of at least `bytes` bytes with one owner.
    Storage* acquire(size_t bytes);
    void release(Storage* storage);
    /// Gives unused blocks back to the device.
    void trim();

    /// Bytes in blocks that are in use now, and the highest value since the last reset.
    size_t bytes_in_use() const { return bytes_in_use_; }
    size_t peak_bytes() const { return peak_bytes_; }
    void reset_peak() { peak_bytes_ = bytes_in_use_; }
    /// Bytes taken from the device, used or kept.
    size_t bytes_reserved() const { return bytes_reserved_; }
    /// Number of requests that had to go to the device.
    int64_t device_allocations() const { return device_allocations_; }

private:
    static constexpr int classes = 4 * 48;
    static int size_class(size_t bytes);
    static size_t class_bytes(int size_class);
    void* allocate(size_t capacity);

    Context& context_;
    Device& device_;
    Storage* free_[classes] = {};
    std::vector<std::unique_ptr<Storage>> blocks_;
    Storage* empty_headers_ = nullptr;
    size_t bytes_in_use_ = 0;
    size_t peak_bytes_ = 0;
    size_t bytes_reserved_ = 0;
    int64_t device_allocations_ = 0;
};

}  // namespace heed
