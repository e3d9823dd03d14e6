#pragma once

#include <cstddef>
#include <cstdint>

namespace heed {

/// The ranks that train together. Every rank calls the same operations in the same order; an operation returns once it
/// is complete on this rank. Sums are added in the order of ranks, so that every rank receives the same bits. When
/// another rank has failed or left, an operation throws Error instead of waiting for it.
class Communicator {
public:
    virtual ~Communicator() = default;

    /// 0 <= rank() < size()
    virtual int rank() const = 0;
    virtual int size() const = 0;

    /// Returns when all ranks have called it.
    virtual void barrier() = 0;
    /// The root's bytes arrive in every rank's `data`.
    virtual void broadcast(void* data, size_t bytes, int root) = 0;
    /// Element-wise sum over the ranks, in place.
    virtual void all_reduce_sum(float* data, int64_t count) = 0;
    virtual void all_reduce_sum(double* data, int64_t count) = 0;
    /// Element-wise maximum over the ranks, in place; not a number when it is so on any rank.
    virtual void all_reduce_max(double* data, int64_t count) = 0;
};

/// The only rank there is.
class SelfCommunicator final : public Communicator {
public:
    int rank() const override { return 0; }
    int size() const override { return 1; }
    void barrier() override {}
    /// Error when `root` is not 0.
    void broadcast(void* data, size_t bytes, int root) override;
    void all_reduce_sum(float*, int64_t) override {}
    void all_reduce_sum(double*, int64_t) override {}
    void all_reduce_max(double*, int64_t) override {}
};

}  // namespace heed
