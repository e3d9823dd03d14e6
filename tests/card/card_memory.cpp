#include "heed/tests/card/card_memory.h"

#include <cuda_runtime.h>
#include <sys/mman.h>

#include <bit>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <new>

// Tests of kernels hand the memory of vectors to kernels. So that a card reaches it, all memory of a test program comes
// from one range, which is made known to the card.

namespace heed::test {

namespace {

constexpr size_t range_bytes = size_t{1} << 30;
constexpr int size_classes = 40;

/// Blocks of powers of two, kept for use again.
class Range {
public:
    Range() {
        void* const address =
            mmap(nullptr, range_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        base_ = address == MAP_FAILED ? nullptr : static_cast<std::byte*>(address);
        top_ = base_ ? 0 : range_bytes;
    }

    /// Null where there is no room.
    void* allocate(size_t bytes, int size_class) {
        const std::lock_guard lock(mutex_);
        if (Free* const block = free_[size_class]) {
            free_[size_class] = block->next;
            return block;
        }
        if (bytes > range_bytes - top_) return nullptr;
        void* const block = base_ + top_;
        top_ += bytes;
        return block;
    }

    void release(void* address, int size_class) {
        const std::lock_guard lock(mutex_);
        free_[size_class] = new (address) Free{free_[size_class]};
    }

    std::byte* base() const { return base_; }

private:
    struct Free {
        Free* next;
    };

    std::mutex mutex_;
    std::byte* base_ = nullptr;
    size_t top_ = 0;
    Free* free_[size_classes] = {};
};

Range& range() {
    static Range& all = *new (std::malloc(sizeof(Range))) Range;  // never destroyed: memory is released until the end
    return all;
}

/// What stands before a block.
struct alignas(64) Header {
    void* block;     ///< where the block begins
    int size_class;  ///< -1: of malloc
};

void* allocate(size_t bytes, size_t alignment) {
    const size_t padding = sizeof(Header) + (alignment > alignof(Header) ? alignment : 0);
    if (bytes > range_bytes) throw std::bad_alloc();
    const size_t capacity = std::bit_ceil(bytes + padding);
    int size_class = std::countr_zero(capacity);
    void* block = range().allocate(capacity, size_class);
    if (!block) {
        size_class = -1;
        block = std::aligned_alloc(alignof(Header), capacity);
    }
    if (!block) throw std::bad_alloc();
    auto address = reinterpret_cast<size_t>(block) + sizeof(Header);
    if (alignment > alignof(Header)) address = (address + alignment - 1) / alignment * alignment;
    new (reinterpret_cast<void*>(address - sizeof(Header))) Header{block, size_class};
    return reinterpret_cast<void*>(address);
}

void release(void* address) {
    if (!address) return;
    const Header header = *reinterpret_cast<Header*>(static_cast<std::byte*>(address) - sizeof(Header));
    if (header.size_class < 0) return std::free(header.block);
    range().release(header.block, header.size_class);
}

}  // namespace

std::string share_memory_with_card() {
    int cards = 0;
    cudaError_t result = cudaGetDeviceCount(&cards);
    if (result == cudaSuccess && cards == 0) result = cudaErrorNoDevice;
    if (result == cudaSuccess) {
        result = cudaHostRegister(range().base(), range_bytes, cudaHostRegisterPortable | cudaHostRegisterMapped);
    }
    return result == cudaSuccess ? "" : cudaGetErrorString(result);
}

}  // namespace heed::test

void* operator new(size_t bytes) {
    return heed::test::allocate(bytes, alignof(std::max_align_t));
}
void* operator new(size_t bytes, std::align_val_t alignment) {
    return heed::test::allocate(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* address) noexcept {
    heed::test::release(address);
}
void operator delete(void* address, size_t) noexcept {
    heed::test::release(address);
}
void operator delete(void* address, std::align_val_t) noexcept {
    heed::test::release(address);
}
void operator delete(void* address, size_t, std::align_val_t) noexcept {
    heed::test::release(address);
}
