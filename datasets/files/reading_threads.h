#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace heed {

/// A few plain threads that share out the reading of a batch's images. They stay out of OpenMP.
class ReadingThreads {
public:
    /// `count` threads, the caller's included.
    explicit ReadingThreads(int64_t count);
    ~ReadingThreads();
    ReadingThreads(const ReadingThreads&) = delete;
    ReadingThreads& operator=(const ReadingThreads&) = delete;

    int64_t count() const { return static_cast<int64_t>(threads_.size()) + 1; }

    /// Calls `work(item, thread)` once for each item 0 .. items-1, each thread (0 .. count-1) one at a time, and
    /// returns when all are done. Where some throw, the rest is left out and the exception of the first item comes out,
    /// the same for any number of threads.
    template <class Work>
    void for_each(int64_t items, Work&& work) {
        run_all(items, {&work, [](const void* object, int64_t item, int64_t thread) {
                            (*static_cast<const std::remove_reference_t<Work>*>(object))(item, thread);
                        }});
    }

private:
    /// What std::function would be, without taking memory for each batch.
    struct Call {
        const void* object = nullptr;
        void (*function)(const void* object, int64_t item, int64_t thread) = nullptr;
    };

    void run_all(int64_t items, Call call);
    void run(int64_t thread);
    void take_items(int64_t thread, std::unique_lock<std::mutex>& lock);

    std::mutex mutex_;
    std::condition_variable changed_;
    Call call_;
    int64_t items_ = 0;
    int64_t next_ = 0;
    int64_t busy_ = 0;  ///< threads that have an item in hand
    int64_t failed_item_ = 0;
    std::exception_ptr failure_;
    bool stop_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace heed
