#include "heed/tests/cuda_emulation/fiber.h"

#include <cstdint>

#include "heed/tests/cuda_emulation/sanitizer.h"

// Saves the registers that a function must keep and the stack pointer to *from, and goes on at `to`. swapcontext would
// make two system calls.
extern "C" void cuda_emulation_switch(void** from, void* to);
asm(R"(
.text
.globl cuda_emulation_switch
.type cuda_emulation_switch, @function
cuda_emulation_switch:
  pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp
  ret
.size cuda_emulation_switch, . - cuda_emulation_switch
)");

namespace cuda_emulation {

namespace {
constexpr int kept_registers = 6;
thread_local Fiber* running_fiber = nullptr;
}  // namespace

Fiber::Fiber() : stack_(std::make_unique_for_overwrite<std::byte[]>(stack_bytes)) {}

void Fiber::start(void (*entry)()) {
    entry_ = entry;
    if (unfinished_) unpoison(stack_.get(), stack_bytes);  // what the sanitizer marked in frames that never returned
    unfinished_ = true;
    const auto end = reinterpret_cast<uintptr_t>(stack_.get() + stack_bytes) & ~uintptr_t{15};
    auto* top = reinterpret_cast<void**>(end);
    *--top = nullptr;  // a function finds its stack aligned to 16, less the address that it returns to
    *--top = reinterpret_cast<void*>(&Fiber::begin);
    for (int i = 0; i < kept_registers; ++i) *--top = nullptr;
    stack_pointer_ = top;
}

[[gnu::no_sanitize_address]] void Fiber::begin() {
    Fiber& self = *running_fiber;
    enter_stack(nullptr, &self.home_stack_, &self.home_bytes_);
    self.entry_();
    self.unfinished_ = false;
    self.leave(true);
}

void Fiber::resume() {
    running_fiber = this;
    void* saved = nullptr;
    leave_stack(&saved, stack_.get(), stack_bytes);
    cuda_emulation_switch(&home_pointer_, stack_pointer_);
    enter_stack(saved, nullptr, nullptr);
}

void Fiber::pause() {
    leave(false);
    enter_stack(saved_, &home_stack_, &home_bytes_);
}

[[gnu::no_sanitize_address]] void Fiber::leave(bool for_good) {
    leave_stack(for_good ? nullptr : &saved_, home_stack_, home_bytes_);
    cuda_emulation_switch(&stack_pointer_, home_pointer_);
}

}  // namespace cuda_emulation
