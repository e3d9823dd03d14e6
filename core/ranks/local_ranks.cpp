#include "heed/core/ranks/local_ranks.h"

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/error.h"

namespace heed {
namespace {

/// Thrown in a rank because of what another one did.
class OtherRankError : public Error {
public:
    using Error::Error;
};

/// One rank's part of a sum: its values in memory of the host, where all ranks can reach them.
struct Part {
    DType dtype = DType::f32;
    int64_t count = 0;
    void* values = nullptr;

    bool matches(const Part& other) const { return dtype == other.dtype && count == other.count; }
    std::string text() const { return std::to_string(count) + " " + dtype_name(dtype); }
};

template <class T>
void sum_in_rank_order(const std::vector<Part>& parts) {
    for (int64_t i = 0; i < parts[0].count; ++i) {
        T sum = static_cast<T*>(parts[0].values)[i];
        for (size_t rank = 1; rank < parts.size(); ++rank) sum += static_cast<T*>(parts[rank].values)[i];
        for (const Part& part : parts) static_cast<T*>(part.values)[i] = sum;
    }
}

/// What the ranks share: the sums that have been started and not yet been waited for by all. The last rank that starts
/// a sum computes it.
class Meeting {
public:
    explicit Meeting(int size) : size_(static_cast<size_t>(size)) {}

    int size() const { return static_cast<int>(size_); }

    void start(uint64_t number, int rank, const Part& part) {
        const std::lock_guard lock(mutex_);
        refuse_if_broken();
        Sum& sum = sums_[number];
        sum.parts.resize(size_);
        sum.parts[static_cast<size_t>(rank)] = part;
        if (++sum.started < size_) return;
        compare(sum.parts);
        refuse_if_broken();
        if (part.dtype == DType::f64) {
            sum_in_rank_order<double>(sum.parts);
        } else {
            sum_in_rank_order<float>(sum.parts);
        }
        sum.complete = true;
        changed_.notify_all();
    }

    void wait(uint64_t number) {
        std::unique_lock lock(mutex_);
        const Sum& sum = sums_[number];
        changed_.wait(lock, [&] { return sum.complete || ended_rank_ >= 0 || !disagreement_.empty(); });
        if (!sum.complete) refuse_if_broken();
        if (++sums_[number].finished == size_) sums_.erase(number);
    }

    void end(int rank) {
        const std::lock_guard lock(mutex_);
        if (ended_rank_ < 0) ended_rank_ = rank;
        changed_.notify_all();
    }

private:
    struct Sum {
        std::vector<Part> parts;
        size_t started = 0, finished = 0;
        bool complete = false;
    };

    /// Error when the ranks are no longer in step, OtherRankError when one has ended.
    void refuse_if_broken() const {
        if (!disagreement_.empty()) throw Error(disagreement_);
        if (ended_rank_ >= 0) {
            throw OtherRankError("rank " + std::to_string(ended_rank_) + " has ended while others wait for it");
        }
    }

    void compare(const std::vector<Part>& parts) {
        for (size_t rank = 1; rank < parts.size(); ++rank) {
            if (parts[rank].matches(parts[0])) continue;
            disagreement_ = "the ranks disagree: rank 0 adds up " + parts[0].text() + ", rank " + std::to_string(rank) +
                            " adds up " + parts[rank].text();
            changed_.notify_all();
            return;
        }
    }

    size_t size_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<uint64_t, Sum> sums_;
    int ended_rank_ = -1;
    std::string disagreement_;  // once set, every operation fails
};

/// A sum that this rank has started. Where the device has memory of its own, the values are copied to the host and
/// back.
class SumUnderWay final : public Communication::UnderWay {
public:
    SumUnderWay(Meeting& meeting, int rank, uint64_t number, const Tensor& values)
        : meeting_(meeting), rank_(rank), number_(number), values_(values) {
        void* address = values.raw();
        if (!values.context().device().shares_host_memory()) {
            copy_.resize(values.bytes());
            values.copy_to_host(copy_.data());
            address = copy_.data();
        }
        meeting_.start(number, rank, {values.dtype(), values.elements(), address});
    }

    /// Whoever does not wait for a sum takes its values away from under the others.
    ~SumUnderWay() override {
        if (!complete_) meeting_.end(rank_);
    }
    SumUnderWay(const SumUnderWay&) = delete;
    SumUnderWay& operator=(const SumUnderWay&) = delete;

    void wait() override {
        meeting_.wait(number_);
        complete_ = true;
        if (!copy_.empty()) values_.copy_from_host(copy_.data());
    }

private:
    Meeting& meeting_;
    int rank_;
    uint64_t number_;
    bool complete_ = false;
    Tensor values_;
    std::vector<std::byte> copy_;
};

class LocalRank final : public Communicator {
public:
    LocalRank(Meeting& meeting, int rank) : meeting_(meeting), rank_(rank) {}

    int rank() const override { return rank_; }
    int size() const override { return meeting_.size(); }

    Communication all_reduce_sum(const Tensor& values) override {
        if (values.dtype() != DType::f32 && values.dtype() != DType::f64) {
            throw Error(std::string("expected a tensor f32 or f64 to add up over the ranks, got ") +
                        dtype_name(values.dtype()));
        }
        return Communication(std::make_unique<SumUnderWay>(meeting_, rank_, started_++, values));
    }

private:
    Meeting& meeting_;
    int rank_;
    uint64_t started_ = 0;
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
