#include "heed/core/ranks/local_ranks.h"

#include <algorithm>
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
#include "heed/core/ranks/other_rank_error.h"
#include "heed/core/ranks/rank_sum.h"
#include "heed/core/ranks/rank_watch.h"

namespace heed {
namespace {

enum class Kind : uint8_t { all_reduce, reduce_scatter, all_gather, broadcast, gather };

/// What one rank brings to an operation: its values in memory of the host, where all ranks can reach them, or bytes.
struct Part {
    Kind kind = Kind::gather;
    const char* what = "";
    DType dtype = DType::f32;
    int64_t count = 0;
    void* values = nullptr;
    std::string bytes = {};

    bool matches(const Part& other) const { return kind == other.kind && dtype == other.dtype && count == other.count; }
    std::string text() const {
        static constexpr const char* verbs[] = {"adds up", "adds up and scatters", "gathers", "is sent", "says"};
        return std::string(verbs[static_cast<int>(kind)]) + " " + what + ", " + std::to_string(count) + " " +
               dtype_name(dtype);
    }
};

template <class T>
void complete_values(const std::vector<Part>& parts) {
    const auto ranks = static_cast<int>(parts.size());
    const Kind kind = parts[0].kind;
    const int64_t count = parts[0].count;
    const auto values = [&](int rank) { return static_cast<T*>(parts[static_cast<size_t>(rank)].values); };
    std::vector<std::vector<T>> copies;
    std::vector<T*> summands;
    for (int rank = 0; rank < ranks; ++rank) {
        copies.emplace_back(values(rank), values(rank) + count);
    }
    for (std::vector<T>& copy : copies) summands.push_back(copy.data());
    const bool adds = kind == Kind::all_reduce || kind == Kind::reduce_scatter;
    if (adds) add_neighbours(summands, count);
    for (int rank = 0; rank < ranks; ++rank) {
        for (int owner = 0; owner < ranks; ++owner) {
            RankPart part = rank_part(count, ranks, owner);
            if (kind == Kind::broadcast) part = owner == 0 ? RankPart{0, count} : RankPart{};
            if (kind == Kind::reduce_scatter && owner != rank) continue;
            const T* source = adds ? summands[0] : summands[static_cast<size_t>(owner)];
            std::copy(source + part.begin, source + part.end, values(rank) + part.begin);
        }
    }
}

/// What the ranks share: the operations that have been started and not yet been waited for by all. The last rank that
/// starts one computes it.
class Meeting {
public:
    explicit Meeting(int size) : size_(static_cast<size_t>(size)) {}

    int size() const { return static_cast<int>(size_); }

    void start(uint64_t number, int rank, const Part& part) {
        const std::lock_guard lock(mutex_);
        refuse_if_broken();
        Operation& operation = operations_[number];
        operation.parts.resize(size_);
        operation.parts[static_cast<size_t>(rank)] = part;
        if (++operation.started < size_) return;
        compare(operation.parts);
        refuse_if_broken();
        if (part.kind != Kind::gather) {
            if (part.dtype == DType::f64) {
                complete_values<double>(operation.parts);
            } else {
                complete_values<float>(operation.parts);
            }
        }
        operation.complete = true;
        changed_.notify_all();
    }

    /// Returns the bytes of all ranks.
    std::vector<std::string> wait(uint64_t number) {
        std::unique_lock lock(mutex_);
        Operation& operation = operations_[number];
        changed_.wait(lock, [&] { return operation.complete || ended_rank_ >= 0 || !disagreement_.empty(); });
        if (!operation.complete) refuse_if_broken();
        std::vector<std::string> bytes;
        for (const Part& part : operation.parts) bytes.push_back(part.bytes);
        if (++operation.finished == size_) operations_.erase(number);
        return bytes;
    }

    void look() {
        const std::lock_guard lock(mutex_);
        refuse_if_broken();
    }

    void end(int rank) {
        const std::lock_guard lock(mutex_);
        if (ended_rank_ < 0) ended_rank_ = rank;
        changed_.notify_all();
    }

private:
    struct Operation {
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
            disagreement_ = "the ranks disagree: rank 0 " + parts[0].text() + ", rank " + std::to_string(rank) + " " +
                            parts[rank].text();
            changed_.notify_all();
            return;
        }
    }

    size_t size_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<uint64_t, Operation> operations_;
    int ended_rank_ = -1;
    std::string disagreement_;  // once set, every operation fails
};

/// An operation that this rank has started. Where the device has memory of its own, the values are copied to the host
/// and back.
class LocalOperation final : public Communication::UnderWay {
public:
    LocalOperation(Meeting& meeting, int rank, uint64_t number, Part part, const Tensor& values)
        : meeting_(meeting), rank_(rank), number_(number), values_(values) {
        part.values = values.raw();
        if (!values.context().device().shares_host_memory()) {
            copy_.resize(values.bytes());
            values.copy_to_host(copy_.data());
            part.values = copy_.data();
        }
        meeting_.start(number, rank, part);
    }

    /// Whoever does not wait for an operation takes its values away from under the others.
    ~LocalOperation() override {
        if (!complete_) meeting_.end(rank_);
    }
    LocalOperation(const LocalOperation&) = delete;
    LocalOperation& operator=(const LocalOperation&) = delete;

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

class LocalRank final : public Communicator, public RankWatch {
public:
    LocalRank(Meeting& meeting, int rank) : meeting_(meeting), rank_(rank) {}

    int rank() const override { return rank_; }
    int size() const override { return meeting_.size(); }

    Communication all_reduce_sum(const Tensor& values, const char* what) override {
        return start(Kind::all_reduce, values, what);
    }
    Communication reduce_scatter_sum(const Tensor& values, const char* what) override {
        return start(Kind::reduce_scatter, values, what);
    }
    Communication all_gather(const Tensor& values, const char* what) override {
        return start(Kind::all_gather, values, what);
    }
    Communication broadcast(const Tensor& values, const char* what) override {
        return start(Kind::broadcast, values, what);
    }

    std::vector<std::string> gather(const std::string& bytes, const char* what) override {
        const uint64_t number = started_++;
        meeting_.start(number, rank_, Part{.what = what, .bytes = bytes});
        return meeting_.wait(number);
    }

    void look_at_others(const std::string&, bool) override { meeting_.look(); }

private:
    Communication start(Kind kind, const Tensor& values, const char* what) {
        check_exchanged(values, what);
        const Part part{kind, what, values.dtype(), values.elements()};
        return Communication(std::make_unique<LocalOperation>(meeting_, rank_, started_++, part, values));
    }

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
