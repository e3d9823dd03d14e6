#pragma once

#include <memory>

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
    };

    /// An operation that is complete.
    Communication() = default;
    explicit Communication(std::unique_ptr<UnderWay> operation) : operation_(std::move(operation)) {}

    /// Returns when the operation is complete on this rank. Throws Error when another rank has failed or left.
    void wait();

private:
    std::unique_ptr<UnderWay> operation_;
};

/// The ranks that train together. Every rank starts the same operations in the same order and may wait for them in any
/// other; different ones are an Error on every rank. A barrier is a sum of nothing, a broadcast one of zeros.
class Communicator {
public:
    virtual ~Communicator() = default;

    /// 0 <= rank() < size()
    virtual int rank() const = 0;
    virtual int size() const = 0;

    /// Starts the element-wise sum over the ranks, in place, of a tensor f32 or f64 on this rank's device. It is added
    /// in the order of ranks, so that every rank receives the same bits.
    virtual Communication all_reduce_sum(const Tensor& values) = 0;
};

/// The only rank there is.
class SelfCommunicator final : public Communicator {
public:
    int rank() const override { return 0; }
    int size() const override { return 1; }
    Communication all_reduce_sum(const Tensor& values) override;
};

/// The communicator of a training of this process on `context`: how it was started decides which. There is no way yet
/// to start several that train together, so that it is always a SelfCommunicator.
std::unique_ptr<Communicator> make_communicator(Context& context);

}  // namespace heed
