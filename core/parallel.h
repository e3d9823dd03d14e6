#pragma once

#include <cstdint>

namespace heed {

/// Sets how many threads `parallel_for` uses; also the number that OpenMP gives to libraries called from this thread.
/// Throws UserError unless 1 <= count <= max_thread_count. Not to be called while a parallel loop runs.
void set_thread_count(int count);

/// Number of threads that `parallel_for` uses. Before `set_thread_count` it is `default_thread_count()`.
int thread_count();

/// OMP_NUM_THREADS where it is a positive number, else what the affinity mask and the cgroup quota (version 1 and 2) of
/// this process allow; at least 1, at most `max_thread_count`.
int default_thread_count();

/// The most threads that can be asked for.
inline constexpr int max_thread_count = 256;

namespace detail {

using ChunkFunction = void (*)(const void* body, int64_t begin, int64_t end);

void run_chunks(int64_t n, int64_t grain, ChunkFunction function, const void* body) noexcept;

}  // namespace detail

/// Calls `body(begin, end)` for [0, grain), [grain, 2 * grain), ... up to n, each chunk once, in any order and on any
/// thread. The chunks depend on n and grain alone, never on the number of threads, so a loop whose chunks write
/// separate outputs gives the same bits with any number of threads; partial sums belong to a chunk and are added in
/// chunk order afterwards. Nothing happens when n <= 0. `grain` must be positive. `body` must not throw. No heap
/// allocation. Denormal numbers count as zero from then on, on every thread that takes part: a chunk must not depend on
/// who computes it. Runs on the calling thread alone when n <= grain, with one thread, and inside another
/// `parallel_for`.
template <class F>
void parallel_for(int64_t n, int64_t grain, const F& body) {
    detail::run_chunks(
        n, grain, [](const void* f, int64_t begin, int64_t end) { (*static_cast<const F*>(f))(begin, end); }, &body);
}

}  // namespace heed
