#include "heed/core/cpu/thread_pool.h"

#include <algorithm>
#include <system_error>

namespace heed {

ThreadPool& ThreadPool::shared() {
    static ThreadPool pool;
    return pool;
}

ThreadPool::~ThreadPool() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    begin_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::run(int workers, Job job, void* context) {
    const std::unique_lock alone(in_use_, std::try_to_lock);
    if (!alone) {
        job(context, 0);
        return;
    }
    start_threads(workers - 1);
    {
        const std::lock_guard lock(mutex_);
        job_ = job;
        context_ = context;
        workers_ = std::min(workers, static_cast<int>(threads_.size()) + 1);
        running_ = workers_ - 1;
        ++job_number_;
    }
    begin_.notify_all();
    job(context, 0);
    std::unique_lock lock(mutex_);
    end_.wait(lock, [this] { return running_ == 0; });
}

void ThreadPool::start_threads(int count) {
    while (static_cast<int>(threads_.size()) < count) {
        const int worker = static_cast<int>(threads_.size()) + 1;
        try {
            threads_.emplace_back([this, worker] { serve(worker); });
        } catch (const std::system_error&) {
            return;  // the system has no more threads to give; fewer workers do the same job
        }
    }
}

void ThreadPool::serve(int worker) {
    uint64_t seen = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
        begin_.wait(lock, [&] { return stopping_ || (job_number_ != seen && worker < workers_); });
        if (stopping_) return;
        seen = job_number_;
        const Job job = job_;
        void* const context = context_;
        lock.unlock();
        job(context, worker);
        lock.lock();
        if (--running_ == 0) end_.notify_one();
    }
}

}  // namespace heed
