#include "heed/core/device/caching_allocator.h"

#include <algorithm>
#include <bit>

#include "heed/core/error.h"

namespace heed {

namespace {
constexpr int smallest_log2 = 8;
}

int CachingAllocator::size_class(size_t bytes) {
    size_t size = std::max<size_t>(bytes, size_t{1} << smallest_log2);
    int log2 = std::bit_width(size) - 1;
    size_t quarter = (size_t{1} << log2) / 4;
    size_t steps = (size - (size_t{1} << log2) + quarter - 1) / quarter;
    return (log2 - smallest_log2) * 4 + static_cast<int>(steps);
}

size_t CachingAllocator::class_bytes(int size_class) {
    int log2 = size_class / 4 + smallest_log2;
    return (size_t{1} << log2) + static_cast<size_t>(size_class % 4) * ((size_t{1} << log2) / 4);
}

CachingAllocator::~CachingAllocator() {
    trim();
}

Storage* CachingAllocator::acquire(size_t bytes) {
    int index = size_class(bytes);
    if (index >= classes) throw Error("no tensor can have " + std::to_string(bytes) + " bytes");
    Storage* storage = free_[index];
    if (storage) {
        free_[index] = storage->next_free;
    } else {
        size_t capacity = class_bytes(index);
        void* data = allocate(capacity);
        ++device_allocations_;
        bytes_reserved_ += capacity;
        if (empty_headers_) {
            storage = empty_headers_;
            empty_headers_ = storage->next_free;
        } else {
            blocks_.push_back(std::make_unique<Storage>());
            storage = blocks_.back().get();
        }
        storage->context = &context_;
        storage->data = data;
        storage->capacity = capacity;
    }
    storage->next_free = nullptr;
    storage->owners = 1;
    bytes_in_use_ += storage->capacity;
    peak_bytes_ = std::max(peak_bytes_, bytes_in_use_);
    return storage;
}

void* CachingAllocator::allocate(size_t capacity) {
    try {
        return device_.allocate(capacity);
    } catch (const Error&) {
        if (bytes_reserved_ == bytes_in_use_) throw;
    }
    // What is kept for other sizes may be what is missing.
    trim();
    return device_.allocate(capacity);
}

void CachingAllocator::release(Storage* storage) {
    bytes_in_use_ -= storage->capacity;
    int index = size_class(storage->capacity);
    storage->next_free = free_[index];
    free_[index] = storage;
}

void CachingAllocator::trim() {
    for (Storage*& list : free_) {
        while (list) {
            Storage* storage = list;
            list = storage->next_free;
            device_.release(storage->data, storage->capacity);
            bytes_reserved_ -= storage->capacity;
            storage->data = nullptr;
            storage->next_free = empty_headers_;
            empty_headers_ = storage;
        }
    }
}

}  // namespace heed
