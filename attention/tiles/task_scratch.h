#pragma once

// Scratch memory for the tasks of a parallel loop: one piece a thread. Included by *.isa.cpp files only.

#include "heed/attention/heads/head_rows.h"
#include "heed/core/parallel.h"

namespace heed::HEED_ISA {

/// Floats of memory for for_each_task_with_scratch: a flag for each thread's scratch, a cache line apart, then the
/// scratch itself.
static inline int64_t task_workspace(int64_t scratch_floats) {
    return 16 + thread_count() * (16 + scratch_floats);
}

/// Calls body(begin, end, scratch) for ranges of the tasks; `cost` is the number of multiplications in one task. A
/// piece of scratch (`scratch_floats`, a multiple of 16, on a cache line) belongs to one thread at a time.
template <class Body>
void for_each_task_with_scratch(float* memory, int64_t scratch_floats, int64_t tasks, int64_t cost, const Body& body) {
    const int64_t threads = thread_count();
    float* flags = memory + (16 - reinterpret_cast<uintptr_t>(memory) / sizeof(float) % 16) % 16;
    const auto flag = [flags](int64_t i) { return reinterpret_cast<int32_t*>(flags + 16 * i); };
    for (int64_t i = 0; i < threads; ++i) __atomic_store_n(flag(i), 0, __ATOMIC_RELAXED);
    const int64_t grain = max(1, 100000 / max(1, cost));
    parallel_for(tasks, grain, [&](int64_t begin, int64_t end) {
        // Threads tend to work on contiguous shares: the same thread then finds the same scratch in its cache.
        int64_t slot = begin * threads / tasks;
        while (__atomic_exchange_n(flag(slot), 1, __ATOMIC_ACQUIRE) != 0) slot = (slot + 1) % threads;
        body(begin, end, flags + 16 * threads + slot * scratch_floats);
        __atomic_store_n(flag(slot), 0, __ATOMIC_RELEASE);
    });
}

}  // namespace heed::HEED_ISA
