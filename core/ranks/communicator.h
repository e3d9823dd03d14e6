#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "heed/core/tensor/tensor.h"

namespace heed {

/// An operation between ranks that has been started. Its tensors may be neither read nor written before wait().
class Communication {
public:
    /// What an implementation keeps of an operation that is under way.
    class UnderWay {
    public:
        virtual ~UnderWay() = default;
        virtual void wait() = 0;
        /// Whether wait() would return at once, as far as that is known.
        virtual bool complete() const { return false; }
    };

    /// An operation that is complete.
    Communication() = default;
    explicit Communication(std::unique_ptr<UnderWay> operation) : operation_(std::move(operation)) {}

    /// Returns when the operation is complete on this rank. Throws Error when another rank has failed, left or not come
    /// in time.
    void wait();
    /// Whether wait() would return at once, as far as that is known.
    bool complete() const { return !operation_ || operation_->complete(); }

private:
    std::unique_ptr<UnderWay> operation_;
};

/// The elements of a flat tensor that belong to one rank.
struct RankPart {
    int64_t begin = 0, end = 0;

    int64_t size() const { return end - begin; }
    bool operator==(const RankPart&) const = default;
};

/// The part of `count` elements that belongs to `rank`: contiguous, in the order of ranks, cut at multiples of 64
/// bytes of f32.
RankPart rank_part(int64_t count, int ranks, int rank);

/// Throws Error unless the values are f32 or f64.
void check_exchanged(const Tensor& values, const char* what);

/// The ranks that train together. Every rank starts the same operations in the same order and may wait for them in any
/// other; different ones are an Error on every rank. A barrier is a sum of nothing.
///
/// All operations work in place on a tensor f32 or f64 of this rank's device. `what` names it in errors ("the
/// gradients"). Sums are added in one order that depends on the number of ranks alone - neighbours first, then pairs of
/// neighbours, and so on; NCCL has its own - so that every rank receives the same bits.
class Communicator {
public:
    virtual ~Communicator() = default;

    /// 0 <= rank() < size()
    virtual int rank() const = 0;
    virtual int size() const = 0;

    /// The element-wise sum over the ranks.
    virtual Communication all_reduce_sum(const Tensor& values, const char* what) = 0;
    /// The same, of which a rank receives its rank_part alone; its other elements are left undefined.
    virtual Communication reduce_scatter_sum(const Tensor& values, const char* what) = 0;
    /// Every rank receives the rank_part of each other one.
    virtual Communication all_gather(const Tensor& values, const char* what) = 0;
    /// Every rank receives what rank 0 has.
    virtual Communication broadcast(const Tensor& values, const char* what) = 0;

    /// What each rank has to say, in the order of ranks; returns when all have said it.
    virtual std::vector<std::string> gather(const std::string& bytes, const char* what) = 0;

    /// Lets operations that are under way proceed. To be called now and then by a rank that computes beside them.
    virtual void progress() {}

    /// The ranks end together, with an error that all of them know (`together`).
    virtual void end_by_agreement() {}

    /// How long a rank waits for another one before it gives up. Where ranks are threads nobody does.
    virtual void set_timeout(double /*seconds*/) {}
};

/// The only rank there is.
class SelfCommunicator final : public Communicator {
public:
    int rank() const override { return 0; }
    int size() const override { return 1; }
    Communication all_reduce_sum(const Tensor&, const char*) override { return {}; }
    Communication reduce_scatter_sum(const Tensor&, const char*) override { return {}; }
    Communication all_gather(const Tensor&, const char*) override { return {}; }
    Communication broadcast(const Tensor&, const char*) override { return {}; }
    std::vector<std::string> gather(const std::string& bytes, const char*) override { return {bytes}; }
};

}  // namespace heed
