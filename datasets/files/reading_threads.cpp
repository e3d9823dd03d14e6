#include "heed/datasets/files/reading_threads.h"

#include <utility>

namespace heed {

ReadingThreads::ReadingThreads(int64_t count) {
    for (int64_t thread = 1; thread < count; ++thread) {
        threads_.emplace_back([this, thread] { run(thread); });
    }
}

ReadingThreads::~ReadingThreads() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void ReadingThreads::run_all(int64_t items, Call call) {
    std::unique_lock lock(mutex_);
    call_ = call;
    items_ = items;
    next_ = 0;
    failure_ = nullptr;
    if (!threads_.empty()) changed_.notify_all();
    take_items(0, lock);
    changed_.wait(lock, [&] { return busy_ == 0; });
    if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void ReadingThreads::run(int64_t thread) {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return stop_ || next_ < items_; });
        if (stop_) return;
        take_items(thread, lock);
        if (busy_ == 0) changed_.notify_all();
    }
}

/// Items are handed out in order, so that every item before one that failed has been taken and will end.
void ReadingThreads::take_items(int64_t thread, std::unique_lock<std::mutex>& lock) {
    while (next_ < items_) {
        const int64_t item = next_++;
        ++busy_;
        lock.unlock();
        std::exception_ptr failure;
        try {
            call_.function(call_.object, item, thread);
        } catch (...) {
            failure = std::current_exception();
        }
        lock.lock();
        --busy_;
        if (failure != nullptr) {
            if (failure_ == nullptr || item < failed_item_) {
                failure_ = failure;
                failed_item_ = item;
            }
            next_ = items_;
        }
    }
}

}  // namespace heed
