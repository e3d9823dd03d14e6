#include "heed/core/cuda/nccl/nccl_communicator.h"

#include <cuda_runtime.h>
#include <sched.h>

#include <chrono>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "heed/core/cuda/check.cuh"
#include "heed/core/cuda/launch.cuh"
#include "heed/core/device/context.h"
#include "heed/core/ranks/rank_watch.h"
#include "heed/core/ranks/together.h"

namespace heed::cuda {

namespace {

using Clock = std::chrono::steady_clock;

/// A place in a stream.
class Event {
public:
    Event() { check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "making an event"); }
    ~Event() {
        if (event_) cudaEventDestroy(event_);
    }
    Event(Event&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
    Event& operator=(Event&&) = delete;

    /// Behind all that is on the stream now.
    void record(cudaStream_t stream) { check(cudaEventRecord(event_, stream), "marking a place in a stream"); }
    void hold_back(cudaStream_t stream) const { check(cudaStreamWaitEvent(stream, event_, 0), "ordering two streams"); }
    bool is_reached() const {
        const cudaError_t state = cudaEventQuery(event_);
        if (state == cudaErrorNotReady) return false;
        check(state, "an exchange between cards");
        return true;
    }

private:
    cudaEvent_t event_ = nullptr;
};

class OwnStream {
public:
    OwnStream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream"); }
    ~OwnStream() { cudaStreamDestroy(stream_); }
    OwnStream(const OwnStream&) = delete;
    OwnStream& operator=(const OwnStream&) = delete;

    cudaStream_t get() const { return stream_; }

private:
    cudaStream_t stream_ = nullptr;
};

enum class Collective : uint8_t { all_reduce, reduce_scatter, all_gather, broadcast };

std::string text_of(Collective collective, const char* what) {
    static constexpr const char* names[] = {"all-reduce", "reduce-scatter", "all-gather", "broadcast"};
    return std::string("the ") + names[static_cast<int>(collective)] + " of " + what;
}

bool is_error(NcclResult result) {
    return result != NcclResult::success && result != NcclResult::in_progress;
}

class NcclCommunicator final : public Communicator {
public:
    NcclCommunicator(Communicator& hosts, const NcclLibrary& library, double timeout)
        : hosts_(hosts), watch_(dynamic_cast<RankWatch*>(&hosts)), library_(library), timeout_(timeout) {
        NcclUniqueId id{};
        together(hosts, "the identifier of NCCL", [&] {
            if (rank() == 0) settle(library.make_unique_id(&id), "making an identifier");
        });
        const std::string own = rank() == 0 ? std::string(id.bytes, sizeof id.bytes) : "";
        std::memcpy(id.bytes, hosts.gather(own, "the identifier of NCCL")[0].data(), sizeof id.bytes);
        try {
            NcclConfig config;
            settle(library.init_rank(&comm_, size(), id, rank(), &config), "joining the cards");
        } catch (...) {
            abort();
            throw;
        }
    }

    /// All ranks come here together, unless an error brings this one.
    ~NcclCommunicator() override {
        if (comm_ && std::uncaught_exceptions() == 0 && under_way_.empty()) {
            try {
                settle(library_.finalize(comm_), "parting");
                library_.destroy(std::exchange(comm_, nullptr));
            } catch (const std::exception&) {
                // The training is done, whatever became of the others.
            }
        }
        abort();
    }
    NcclCommunicator(const NcclCommunicator&) = delete;
    NcclCommunicator& operator=(const NcclCommunicator&) = delete;

    int rank() const override { return hosts_.rank(); }
    int size() const override { return hosts_.size(); }

    Communication all_reduce_sum(const Tensor& values, const char* what) override {
        return goes_by_card(values) ? start(Collective::all_reduce, values, what) : hosts_.all_reduce_sum(values, what);
    }
    Communication reduce_scatter_sum(const Tensor& values, const char* what) override {
        return goes_by_card(values) ? start(Collective::reduce_scatter, values, what)
                                    : hosts_.reduce_scatter_sum(values, what);
    }
    Communication all_gather(const Tensor& values, const char* what) override {
        return goes_by_card(values) ? start(Collective::all_gather, values, what) : hosts_.all_gather(values, what);
    }
    Communication broadcast(const Tensor& values, const char* what) override {
        return goes_by_card(values) ? start(Collective::broadcast, values, what) : hosts_.broadcast(values, what);
    }
    std::vector<std::string> gather(const std::string& bytes, const char* what) override {
        return hosts_.gather(bytes, what);
    }

    /// What is on one stream ends in order.
    void progress() override {
        while (!under_way_.empty() && under_way_.front()->done.is_reached()) {
            under_way_.front()->complete = true;
            unused_events_.push_back(std::move(under_way_.front()->done));
            under_way_.pop_front();
        }
        hosts_.progress();
    }

    void end_by_agreement() override { hosts_.end_by_agreement(); }
    void set_timeout(double seconds) override {
        timeout_ = seconds;
        hosts_.set_timeout(seconds);
    }

private:
    struct Operation {
        Event done;
        std::string text;
        bool complete = false;
    };

    class UnderWay final : public Communication::UnderWay {
    public:
        UnderWay(NcclCommunicator& owner, const Tensor& values, std::shared_ptr<const Operation> operation)
            : owner_(owner), values_(values), operation_(std::move(operation)) {}
        /// The memory goes, which others may still fill.
        ~UnderWay() override {
            if (!operation_->complete) owner_.abort();
        }
        UnderWay(const UnderWay&) = delete;
        UnderWay& operator=(const UnderWay&) = delete;

        void wait() override { owner_.wait(*operation_); }
        bool complete() const override { return operation_->complete; }

    private:
        NcclCommunicator& owner_;
        Tensor values_;
        std::shared_ptr<const Operation> operation_;
    };

    static bool goes_by_card(const Tensor& values) {
        return values.dtype() == DType::f32 && values.elements() > 0 &&
               values.context().device().kind() == DeviceKind::cuda;
    }

    Communication start(Collective collective, const Tensor& values, const char* what) {
        const std::string text = text_of(collective, what);
        require_comm(text);
        launched_.record(work_stream());
        launched_.hold_back(stream_.get());
        settle(enqueue(collective, values.f32(), values.elements()), text);
        const auto operation = std::make_shared<Operation>(Operation{unused_event(), text});
        operation->done.record(stream_.get());
        under_way_.push_back(operation);
        return Communication(std::make_unique<UnderWay>(*this, values, operation));
    }

    NcclResult enqueue(Collective collective, float* values, int64_t count) {
        const RankPart own = rank_part(count, size(), rank());
        const auto own_count = static_cast<size_t>(own.size());
        const bool equal_parts = rank_part(count, size(), 0).size() * size() == count;
        const NcclStream stream = stream_.get();
        switch (collective) {
            case Collective::all_reduce:
                return library_.all_reduce(values, values, static_cast<size_t>(count), NcclType::f32,
                                           NcclOperation::sum, comm_, stream);
            case Collective::reduce_scatter:
                if (equal_parts) {
                    return library_.reduce_scatter(values, values + own.begin, own_count, NcclType::f32,
                                                   NcclOperation::sum, comm_, stream);
                }
                return for_each_part(values, count, [&](float* part, size_t part_count, int owner) {
                    return library_.reduce(part, part, part_count, NcclType::f32, NcclOperation::sum, owner, comm_,
                                           stream);
                });
            case Collective::all_gather:
                if (equal_parts) {
                    return library_.all_gather(values + own.begin, values, own_count, NcclType::f32, comm_, stream);
                }
                return for_each_part(values, count, [&](float* part, size_t part_count, int owner) {
                    return library_.broadcast(part, part, part_count, NcclType::f32, owner, comm_, stream);
                });
            case Collective::broadcast:
                break;
        }
        return library_.broadcast(values, values, static_cast<size_t>(count), NcclType::f32, 0, comm_, stream);
    }

    /// Parts of unequal size, which NCCL's own operations do not know: one operation for each, all at once.
    template <class Enqueue>
    NcclResult for_each_part(float* values, int64_t count, const Enqueue& enqueue_part) {
        NcclResult result = library_.group_start();
        if (result != NcclResult::success) return result;
        for (int owner = 0; owner < size() && !is_error(result); ++owner) {
            const RankPart part = rank_part(count, size(), owner);
            if (part.size() > 0) result = enqueue_part(values + part.begin, static_cast<size_t>(part.size()), owner);
        }
        const NcclResult end = library_.group_end();
        return is_error(result) ? result : end;
    }

    void wait(const Operation& operation) {
        wait_until(operation.text, [&] {
            if (operation.complete) return true;
            require_comm(operation.text);
            progress();
            return operation.complete;
        });
    }

    /// Waits until NCCL is done with a call. Throws Error where it fails.
    void settle(NcclResult result, const std::string& text) {
        wait_until(text, [&] {
            if (result == NcclResult::in_progress) result = state();
            return result != NcclResult::in_progress;
        });
        if (result != NcclResult::success) fail(result, text);
    }

    NcclResult state() const {
        NcclResult now = NcclResult::success;
        const NcclResult asked = library_.async_error(comm_, &now);
        return asked == NcclResult::success ? now : asked;
    }

    template <class Done>
    void wait_until(const std::string& text, const Done& done) {
        const Clock::time_point start = Clock::now();
        Clock::time_point next_look = start + std::chrono::milliseconds(20);
        for (int64_t turn = 0; !done(); ++turn) {
            if (turn < 1000) {
                sched_yield();
                continue;
            }
            std::this_thread::sleep_for(std::chrono::microseconds(20));
            if (Clock::now() < next_look) continue;
            look(text, Clock::now() - start >= std::chrono::duration<double>(timeout_));
            next_look = Clock::now() + std::chrono::milliseconds(20);
        }
    }

    /// Throws where the wait is in vain.
    void look(const std::string& text, bool late) {
        if (const NcclResult now = state(); is_error(now)) fail(now, text);
        try {
            if (watch_) watch_->look_at_others(text, late);
        } catch (...) {
            abort();
            throw;
        }
        if (!late) return;
        abort();
        throw Error("NCCL: " + text + " has not ended on rank " + std::to_string(rank()) + " " +
                    within_timeout(timeout_) + ": another rank has not come to it, or is out of reach");
    }

    [[noreturn]] void fail(NcclResult result, const std::string& text) {
        std::string error =
            "NCCL: " + text + " fails on rank " + std::to_string(rank()) + ": " + library_.result_text(result);
        const char* const more = library_.last_error(comm_);
        if (more && *more) error += " (" + std::string(more) + ")";
        abort();
        if (watch_) watch_->look_at_others(text, false);  // who knows why
        throw Error(error);
    }

    void require_comm(const std::string& text) const {
        if (!comm_) throw Error("NCCL: " + text + " comes after an error that has ended it");
    }

    /// Ends what is on the card without the other ranks.
    void abort() noexcept {
        if (comm_) library_.abort(std::exchange(comm_, nullptr));
        under_way_.clear();
    }

    Event unused_event() {
        if (unused_events_.empty()) return Event();
        Event event = std::move(unused_events_.back());
        unused_events_.pop_back();
        return event;
    }

    Communicator& hosts_;
    RankWatch* watch_;  ///< of the hosts; null: they cannot tell
    const NcclLibrary& library_;
    double timeout_;
    NcclComm comm_ = nullptr;  ///< null after an error
    OwnStream stream_;
    Event launched_;  ///< all that the next operation comes after
    std::deque<std::shared_ptr<Operation>> under_way_;
    std::vector<Event> unused_events_;
};

}  // namespace

}  // namespace heed::cuda

namespace heed {

std::unique_ptr<Communicator> make_nccl_communicator(Communicator& hosts, const cuda::NcclLibrary& library,
                                                     double timeout) {
    return std::make_unique<cuda::NcclCommunicator>(hosts, library, timeout);
}

}  // namespace heed
