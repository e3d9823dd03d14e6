#include "heed/core/ranks/local_ranks.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "heed/core/error.h"

namespace heed {
namespace {

/// Thrown in a rank because of what another one did.
class OtherRankError : public Error {
public:
    using Error::Error;
};

/// What a rank is about to do; all ranks must do the same.
struct Operation {
    const char* name = "";
    uint64_t size = 0;
    int root = 0;
    void* data = nullptr;

    bool matches(const Operation& other) const {
        return std::strcmp(name, other.name) == 0 && size == other.size && root == other.root;
    }
    std::string text() const {
        return std::string(name) + " (size " + std::to_string(size) + ", root " + std::to_string(root) + ")";
    }
};

/// What the ranks share.
class Meeting {
public:
    explicit Meeting(int size) : operations_(static_cast<size_t>(size)) {}

    int size() const { return static_cast<int>(operations_.size()); }
    const Operation& operation(int rank) const { return operations_[static_cast<size_t>(rank)]; }

    /// Returns when all ranks have announced the same operation. Until the next meet() the operations can be read.
    void announce(int rank, const Operation& operation) {
        std::unique_lock lock(mutex_);
        operations_[static_cast<size_t>(rank)] = operation;
        meet(lock, true);
    }

    /// Returns when all ranks have called it.
    void wait() {
        std::unique_lock lock(mutex_);
        meet(lock, false);
    }

    void end(int rank) {
        const std::lock_guard lock(mutex_);
        if (ended_rank_ < 0) ended_rank_ = rank;
        all_here_.notify_all();
    }

private:
    /// The last rank to arrive lets all go on. OtherRankError when a rank has ended, so that they will never be
    /// complete.
    void meet(std::unique_lock<std::mutex>& lock, bool compare) {
        if (ended_rank_ < 0 && disagreement_.empty() && ++waiting_ == size()) {
            if (compare) compare_operations();
            waiting_ = 0;
            ++round_;
            all_here_.notify_all();
        } else {
            const uint64_t round = round_;
            all_here_.wait(lock, [&] { return round_ != round || ended_rank_ >= 0 || !disagreement_.empty(); });
            if (round_ == round && disagreement_.empty()) {
                throw OtherRankError("rank " + std::to_string(ended_rank_) + " has ended while others wait for it");
            }
        }
        if (!disagreement_.empty()) throw Error(disagreement_);
    }

    void compare_operations() {
        for (size_t rank = 1; rank < operations_.size(); ++rank) {
            const Operation& first = operations_[0];
            const Operation& other = operations_[rank];
            if (other.matches(first)) continue;
            disagreement_ = "the ranks disagree: rank 0 does " + first.text() + ", rank " + std::to_string(rank) +
                            " does " + other.text();
            return;
        }
    }

    std::vector<Operation> operations_;
    std::mutex mutex_;
    std::condition_variable all_here_;
    int waiting_ = 0;
    uint64_t round_ = 0;
    int ended_rank_ = -1;
    std::string disagreement_;  // once set, every operation fails
};

class LocalRank final : public Communicator {
public:
    LocalRank(Meeting& meeting, int rank) : meeting_(meeting), rank_(rank) {}

    int rank() const override { return rank_; }
    int size() const override { return meeting_.size(); }

    void barrier() override { meeting_.announce(rank_, {"barrier", 0, 0, nullptr}); }

    void broadcast(void* data, size_t bytes, int root) override {
        if (root < 0 || root >= size()) {
            throw Error("broadcast from rank " + std::to_string(root) + " of " + std::to_string(size()));
        }
        meeting_.announce(rank_, {"broadcast", bytes, root, data});
        if (rank_ != root && bytes > 0) std::memcpy(data, meeting_.operation(root).data, bytes);
        meeting_.wait();
    }

    void all_reduce_sum(float* data, int64_t count) override {
        reduce("all_reduce_sum of float", data, count, [](float a, float b) { return a + b; });
    }

    void all_reduce_sum(double* data, int64_t count) override {
        reduce("all_reduce_sum of double", data, count, [](double a, double b) { return a + b; });
    }

    void all_reduce_max(double* data, int64_t count) override {
        reduce("all_reduce_max of double", data, count,
               [](double a, double b) { return std::isnan(a) || a > b ? a : b; });
    }

private:
    /// Each rank combines its own part of the elements, over all ranks in their order, and hands it to all of them.
    template <class T, class F>
    void reduce(const char* name, T* data, int64_t count, F combine) {
        meeting_.announce(rank_, {name, static_cast<uint64_t>(count), 0, data});
        const int64_t begin = count / size() * rank_ + std::min<int64_t>(rank_, count % size());
        const int64_t end = begin + count / size() + (rank_ < count % size() ? 1 : 0);
        for (int64_t i = begin; i < end; ++i) {
            T result = values_of<T>(0)[i];
            for (int other = 1; other < size(); ++other) result = combine(result, values_of<T>(other)[i]);
            for (int other = 0; other < size(); ++other) values_of<T>(other)[i] = result;
        }
        meeting_.wait();
    }

    template <class T>
    T* values_of(int rank) const {
        return static_cast<T*>(meeting_.operation(rank).data);
    }

    Meeting& meeting_;
    int rank_;
};

}  // namespace

void run_local_ranks(int count, const std::function<void(Communicator&)>& f) {
    if (count < 1) throw Error("cannot run " + std::to_string(count) + " ranks; expected 1 or more");
    Meeting meeting(count);
    std::vector<std::exception_ptr> own_failures(static_cast<size_t>(count));
    std::vector<std::exception_ptr> other_failures(static_cast<size_t>(count));
    const auto run = [&](int rank) {
        try {
            LocalRank communicator(meeting, rank);
            f(communicator);
        } catch (const OtherRankError&) {
            other_failures[static_cast<size_t>(rank)] = std::current_exception();
        } catch (...) {
            own_failures[static_cast<size_t>(rank)] = std::current_exception();
        }
        meeting.end(rank);
    };
    std::vector<std::thread> threads;
    threads.reserve(static_cast<size_t>(count));
    std::exception_ptr start_failure;
    for (int rank = 0; rank < count && !start_failure; ++rank) {
        try {
            threads.emplace_back(run, rank);
        } catch (...) {  // no more threads to be had
            start_failure = std::current_exception();
            meeting.end(rank);
        }
    }
    for (std::thread& thread : threads) thread.join();
    if (start_failure) std::rethrow_exception(start_failure);
    for (const auto* failures : {&own_failures, &other_failures}) {
        for (const std::exception_ptr& failure : *failures) {
            if (failure) std::rethrow_exception(failure);
        }
    }
}

}  // namespace heed
