#include "heed/tests/cuda_emulation/device_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <iterator>

#include "heed/tests/cuda_emulation/fault.h"
#include "heed/tests/cuda_emulation/sanitizer.h"

namespace cuda_emulation {

namespace {

constexpr int nan_byte = 0xFF;
constexpr size_t page = 4096;

size_t rounded_up(size_t bytes, size_t unit) {
    return (bytes + unit - 1) / unit * unit;
}

}  // namespace

DeviceMemory& DeviceMemory::instance() {
    static DeviceMemory& memory = *new DeviceMemory;  // outlives all that is in it
    return memory;
}

DeviceMemory::DeviceMemory() {
    void* range = mmap(nullptr, range_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED) throw Fault("no addresses for the emulated memory");
    base_ = static_cast<std::byte*>(range);
}

void* DeviceMemory::allocate(size_t bytes) {
    const Opened opened;
    const std::lock_guard lock(mutex_);
    if (bytes > capacity_ || in_use_ > capacity_ - bytes) return nullptr;
    const size_t room = rounded_up(bytes, alignment) + alignment;
    size_t place = top_;
    auto found = free_.begin();
    while (found != free_.end() && found->second < room) ++found;
    if (found != free_.end()) {
        place = found->first;
        if (found->second > room) free_[place + room] = found->second - room;
        free_.erase(found);
    } else {
        if (room > range_bytes - top_) return nullptr;
        top_ += room;
        protect(true);
    }
    allocated_[place] = bytes;
    in_use_ += bytes;
    unpoison(base_ + place, bytes);
    std::memset(base_ + place, nan_byte, bytes);
    poison(base_ + place + bytes, room - bytes);
    return base_ + place;
}

void DeviceMemory::release(void* address) {
    if (!address) return;
    const std::lock_guard lock(mutex_);
    const auto found = allocated_.find(static_cast<size_t>(static_cast<std::byte*>(address) - base_));
    if (found == allocated_.end()) throw Fault("memory is freed that was not allocated");
    const auto [place, bytes] = *found;
    allocated_.erase(found);
    in_use_ -= bytes;
    size_t begin = place, end = place + rounded_up(bytes, alignment) + alignment;
    poison(base_ + begin, end - begin);
    const auto after = free_.find(end);
    if (after != free_.end()) {
        end += after->second;
        free_.erase(after);
    }
    auto before = free_.lower_bound(begin);
    if (before != free_.begin() && std::prev(before)->first + std::prev(before)->second == begin) {
        before = std::prev(before);
        begin = before->first;
    }
    free_[begin] = end - begin;
}

bool DeviceMemory::holds(const void* address, size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto place = reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(base_);
    auto after = allocated_.upper_bound(place);
    if (after == allocated_.begin()) return false;
    --after;
    return place + bytes <= after->first + after->second;
}

void DeviceMemory::protect(bool open) {
    if (top_) mprotect(base_, rounded_up(top_, page), open ? PROT_READ | PROT_WRITE : PROT_NONE);
}

DeviceMemory::Opened::Opened() {
    DeviceMemory& memory = instance();
    const std::lock_guard lock(memory.mutex_);
    if (memory.opened_++ == 0) memory.protect(true);
}

DeviceMemory::Opened::~Opened() {
    DeviceMemory& memory = instance();
    const std::lock_guard lock(memory.mutex_);
    if (--memory.opened_ == 0) memory.protect(false);
}

}  // namespace cuda_emulation
