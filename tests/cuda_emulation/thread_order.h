#pragma once

namespace cuda_emulation {

/// In which order the blocks of a launch and the threads of a block run. Right kernels give the same in each.
enum class ThreadOrder { forward, reverse, shuffled };

inline constexpr ThreadOrder all_thread_orders[] = {ThreadOrder::forward, ThreadOrder::reverse, ThreadOrder::shuffled};

const char* name_of(ThreadOrder order);

/// The order of all launches from now on; forward at first.
void set_thread_order(ThreadOrder order);
ThreadOrder thread_order();

}  // namespace cuda_emulation
