#include "heed/core/autograd/arena.h"

#include "heed/core/error.h"

namespace heed {

void* Arena::allocate(size_t bytes) {
    constexpr size_t alignment = alignof(std::max_align_t);
    bytes = (bytes + alignment - 1) / alignment * alignment;
    if (bytes > block_bytes) throw Error("an autograd node of " + std::to_string(bytes) + " bytes is too large");
    if (!blocks_.empty() && used_ + bytes > block_bytes) {
        ++block_;
        used_ = 0;
    }
    if (block_ == blocks_.size()) blocks_.push_back(std::make_unique<std::byte[]>(block_bytes));
    void* address = blocks_[block_].get() + used_;
    used_ += bytes;
    return address;
}

void Arena::reset() {
    block_ = 0;
    used_ = 0;
}

}  // namespace heed
