#include "heed/core/parallel.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "heed/core/cpu/denormals.h"
#include "heed/core/cpu/signal_shield.h"
#include "heed/core/cpu/thread_count.h"
#include "heed/core/error.h"

#if defined(HEED_THREADS_OPENMP)
#include <omp.h>
#elif defined(HEED_THREADS_STD)
#include "heed/core/cpu/thread_pool.h"
#else
#error "define HEED_THREADS_OPENMP or HEED_THREADS_STD"
#endif

namespace heed {

namespace {

/// 0 until it is set or asked for.
std::atomic<int> configured_threads{0};

thread_local bool inside_parallel_for = false;

void run_chunk(detail::ChunkFunction function, const void* body, int64_t chunk, int64_t n, int64_t grain) {
    const int64_t begin = chunk * grain;
    function(body, begin, n - begin < grain ? n : begin + grain);
}

/// One loop. The chunks are dealt out as contiguous shares, one a worker, so that the same thread tends to meet the
/// same memory in one loop after the other. A worker helps with the shares of others when its own is done, because a
/// processor that other programs use would else hold up everyone.
class Loop {
public:
    Loop(int64_t n, int64_t grain, int64_t chunks, int shares, detail::ChunkFunction function, const void* body)
        : n_(n), grain_(grain), chunks_(chunks), share_count_(shares), function_(function), body_(body) {
        for (int s = 0; s < shares; ++s) shares_[s].next.store(share_begin(s), std::memory_order_relaxed);
    }

    void work(int worker) {
        inside_parallel_for = true;
        flush_denormals();
        if (worker != 0) SignalShield::keep_on_this_thread();  // it will work for oneDNN, too
        for (int i = 0; i < share_count_; ++i) {
            const int share = (worker + i) % share_count_;
            const int64_t end = share_begin(share + 1);
            for (;;) {
                const int64_t chunk = shares_[share].next.fetch_add(1, std::memory_order_relaxed);
                if (chunk >= end) break;
                run_chunk(function_, body_, chunk, n_, grain_);
            }
        }
        inside_parallel_for = false;
    }

private:
    int64_t share_begin(int share) const { return chunks_ * share / share_count_; }

    struct alignas(64) Share {
        std::atomic<int64_t> next;
    };

    int64_t n_;
    int64_t grain_;
    int64_t chunks_;
    int share_count_;
    detail::ChunkFunction function_;
    const void* body_;
    Share shares_[max_thread_count];
};

/// OMP_NUM_THREADS ("4", or "4,2" for nested levels), 0 where it is not a positive number.
int environment_thread_count() {
    const char* text = std::getenv("OMP_NUM_THREADS");
    if (text == nullptr) return 0;
    char* end = nullptr;
    errno = 0;
    const long count = std::strtol(text, &end, 10);
    const bool valid = end != text && (*end == '\0' || *end == ',') && errno == 0 && count > 0;
    return valid ? static_cast<int>(std::min<long>(count, max_thread_count)) : 0;
}

}  // namespace

void set_thread_count(int count) {
    if (count < 1 || count > max_thread_count) {
        throw UserError("The number of threads must be 1 to " + std::to_string(max_thread_count) + ", but it is " +
                        std::to_string(count) + ".");
    }
    configured_threads.store(count, std::memory_order_relaxed);
#if defined(HEED_THREADS_OPENMP)
    omp_set_num_threads(count);
#endif
}

int thread_count() {
    int count = configured_threads.load(std::memory_order_relaxed);
    if (count == 0) {
        count = default_thread_count();
        configured_threads.store(count, std::memory_order_relaxed);
    }
    return count;
}

int default_thread_count() {
    const int wanted = environment_thread_count();
    if (wanted > 0) return wanted;
    const int allowed = affinity_thread_count();
    const int quota = cgroup_thread_count();
    return std::min(quota == 0 ? allowed : std::min(allowed, quota), max_thread_count);
}

namespace detail {

void run_chunks(int64_t n, int64_t grain, ChunkFunction function, const void* body) noexcept {
    if (n <= 0) return;
    const int64_t chunks = (n - 1) / grain + 1;
    const int threads = chunks == 1 || inside_parallel_for ? 1 : thread_count();
    if (threads == 1) {
        flush_denormals();
        for (int64_t chunk = 0; chunk < chunks; ++chunk) run_chunk(function, body, chunk, n, grain);
        return;
    }
    const int shares = static_cast<int>(std::min<int64_t>(chunks, threads));
    Loop loop(n, grain, chunks, shares, function, body);
#if defined(HEED_THREADS_OPENMP)
    // Always the same number, also for fewer chunks: libgomp ends the threads that a smaller team leaves over.
#pragma omp parallel num_threads(threads)
    loop.work(omp_get_thread_num());
#else
    ThreadPool::shared().run(
        shares, [](void* context, int worker) { static_cast<Loop*>(context)->work(worker); }, &loop);
#endif
}

}  // namespace detail

}  // namespace heed
