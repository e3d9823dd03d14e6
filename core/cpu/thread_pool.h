#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace heed {

/// The threads behind `parallel_for` in builds without OpenMP (the thread sanitizer does not understand libgomp).
/// Threads are started when first needed and joined at exit.
class ThreadPool {
public:
    using Job = void (*)(void* context, int worker);

    static ThreadPool& shared();

    ThreadPool() = default;
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    /// Calls `job(context, w)` for worker 0 on this thread and for up to workers - 1 others on threads of the pool, and
    /// returns when all that began have ended. Worker 0 alone must be able to do the whole job: the others do not begin
    /// when another thread has the pool or no more threads can be started.
    void run(int workers, Job job, void* context);

private:
    void start_threads(int count);
    void serve(int worker);

    std::mutex in_use_;  // held by the thread whose job runs
    std::mutex mutex_;   // guards everything below
    std::condition_variable begin_;
    std::condition_variable end_;
    std::vector<std::thread> threads_;
    uint64_t job_number_ = 0;
    Job job_ = nullptr;
    void* context_ = nullptr;
    int workers_ = 0;
    int running_ = 0;
    bool stopping_ = false;
};

}  // namespace heed
