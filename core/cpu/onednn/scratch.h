#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>

#include "heed/core/error.h"

namespace heed::onednn {

/// Working memory that only grows, 64-byte aligned. One thread_local object a purpose: nothing is allocated once the
/// largest product has been seen.
class Scratch {
public:
    /// At least `bytes` bytes with undefined content; the memory of the last call is gone. Null for 0 bytes.
    void* reserve(size_t bytes) {
        if (bytes > capacity_) {
            memory_.reset();
            capacity_ = 0;
            const size_t rounded = (bytes + 63) / 64 * 64;
            memory_.reset(std::aligned_alloc(64, rounded));
            if (!memory_) throw Error("no memory for " + std::to_string(rounded) + " bytes of working space");
            capacity_ = rounded;
        }
        return bytes == 0 ? nullptr : memory_.get();
    }

private:
    struct Free {
        void operator()(void* p) const { std::free(p); }
    };
    std::unique_ptr<void, Free> memory_;
    size_t capacity_ = 0;
};

}  // namespace heed::onednn
