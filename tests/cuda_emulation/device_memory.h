#pragma once

#include <cstddef>
#include <map>
#include <mutex>

namespace cuda_emulation {

/// The memory of the card: a range of addresses that can be read and written only while kernels run or copies are made,
/// so that a host that takes it for its own faults. What is freed is used again; fresh memory holds NaN. The address
/// sanitizer knows what is allocated.
class DeviceMemory {
public:
    static constexpr size_t range_bytes = size_t{4} << 30;

    static DeviceMemory& instance();

    /// Memory of `bytes` bytes, aligned to 256; null where there is no room.
    void* allocate(size_t bytes);
    /// Throws Fault where `address` was not allocated.
    void release(void* address);
    /// Whether all of it lies in one allocation.
    bool holds(const void* address, size_t bytes);

    size_t capacity() const { return capacity_; }
    size_t in_use() const { return in_use_; }
    /// How much there is from now on; the whole range at first.
    void set_capacity(size_t bytes) { capacity_ = bytes; }

    /// While one lives, the memory can be read and written.
    class Opened {
    public:
        Opened();
        ~Opened();
        Opened(const Opened&) = delete;
        Opened& operator=(const Opened&) = delete;
    };

private:
    static constexpr size_t alignment = 256;  ///< also the room between two allocations

    DeviceMemory();
    void protect(bool open);

    std::mutex mutex_;
    std::byte* base_;
    std::map<size_t, size_t> allocated_;  ///< where they begin, and their bytes as asked for
    std::map<size_t, size_t> free_;       ///< where they begin, and their bytes
    size_t top_ = 0;                      ///< behind it nothing was ever allocated
    size_t capacity_ = range_bytes;
    size_t in_use_ = 0;
    int opened_ = 0;
};

}  // namespace cuda_emulation
