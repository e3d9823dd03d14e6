#pragma once

// What the address sanitizer is told; nothing in other builds.

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#include <cstddef>

namespace cuda_emulation {

inline void poison([[maybe_unused]] const void* address, [[maybe_unused]] size_t bytes) {
#ifdef __SANITIZE_ADDRESS__
    __asan_poison_memory_region(address, bytes);
#endif
}

inline void unpoison([[maybe_unused]] const void* address, [[maybe_unused]] size_t bytes) {
#ifdef __SANITIZE_ADDRESS__
    __asan_unpoison_memory_region(address, bytes);
#endif
}

/// Before the stack is changed to [bottom, bottom + bytes); `saved` null: the present stack is not used again.
inline void leave_stack([[maybe_unused]] void** saved, [[maybe_unused]] const void* bottom,
                        [[maybe_unused]] size_t bytes) {
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(saved, bottom, bytes);
#endif
}

/// After it was changed; tells where the one before was.
inline void enter_stack([[maybe_unused]] void* saved, [[maybe_unused]] const void** bottom,
                        [[maybe_unused]] size_t* bytes) {
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(saved, bottom, bytes);
#endif
}

}  // namespace cuda_emulation
