#pragma once

#include <cstddef>
#include <memory>

namespace cuda_emulation {

/// A function with a stack of its own that can pause in the middle, for x86-64. It must not end with an exception.
class Fiber {
public:
    Fiber();

    /// Makes the next resume begin `entry`, whatever the fiber did before.
    void start(void (*entry)());
    /// Runs until the fiber pauses or ends. Called by the thread that is not in a fiber.
    void resume();
    /// Goes back to where this fiber was resumed. Called by the fiber itself.
    void pause();

private:
    static constexpr size_t stack_bytes = size_t{256} << 10;
    static void begin();
    void leave(bool for_good);

    std::unique_ptr<std::byte[]> stack_;
    void (*entry_)() = nullptr;
    bool unfinished_ = false;
    void* stack_pointer_ = nullptr;
    void* home_pointer_ = nullptr;      ///< stack pointer of who resumed it
    void* saved_ = nullptr;             ///< of the sanitizer
    const void* home_stack_ = nullptr;  ///< where the stack of who resumed it lies, told by the sanitizer
    size_t home_bytes_ = 0;
};

}  // namespace cuda_emulation
