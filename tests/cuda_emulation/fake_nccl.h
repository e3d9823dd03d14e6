#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "heed/core/cuda/nccl/library.h"
#include "heed/tests/cuda_emulation/runtime_api.h"

namespace cuda_emulation {

/// A stand-in for libnccl on the emulated device cuda, with ranks that are threads; one lives at a time. It computes an
/// operation when all ranks have called it, and refuses what NCCL could not bear: memory that is not the card's,
/// operations that are not in place, a stream that does not come after all that was launched, calls before the last one
/// is settled, two ranks on a card.
class FakeNccl {
public:
    struct Call {
        std::string name;  ///< without "nccl"
        size_t count = 0;
        int root = 0;

        bool operator==(const Call&) const = default;
    };

    explicit FakeNccl(int ranks);
    ~FakeNccl();
    FakeNccl(const FakeNccl&) = delete;
    FakeNccl& operator=(const FakeNccl&) = delete;

    const heed::cuda::NcclLibrary& library() const { return library_; }
    /// Collective operations of a rank, in their order.
    std::vector<Call> calls(int rank) const;
    int destroyed() const { return destroyed_; }
    int aborted() const { return aborted_; }

    /// Operations do not go on before release().
    void hold();
    void release();
    /// The next collective operation of that rank is refused.
    void refuse_next(int rank);
    /// What has been started on that rank has an error from now on.
    void break_link(int rank);
    /// No identifier can be made.
    void break_bootstrap() { bootstrap_broken_ = true; }

private:
    struct Comm;
    struct Part {
        const float* from = nullptr;
        float* to = nullptr;
    };
    struct Operation {
        Call call;
        std::vector<Part> parts;  ///< by rank
        size_t started = 0;
        std::shared_ptr<std::atomic<bool>> done = std::make_shared<std::atomic<bool>>(false);
    };

    static FakeNccl& instance();
    heed::cuda::NcclResult init(heed::cuda::NcclComm* comm, int ranks, const heed::cuda::NcclUniqueId& id, int rank,
                                const heed::cuda::NcclConfig& config);
    heed::cuda::NcclResult state_of(Comm& comm);
    heed::cuda::NcclResult call(const Call& call, const void* from, void* to, heed::cuda::NcclComm comm,
                                heed::cuda::NcclStream stream);
    void start(Comm& comm, const Call& call, const Part& part, cudaStream_t stream);
    void run_complete_ones();
    void compute(Operation& operation) const;
    heed::cuda::NcclResult refuse(const std::string& why);

    size_t ranks_;
    heed::cuda::NcclLibrary library_;
    mutable std::mutex mutex_;
    std::deque<Operation> operations_;  ///< all that there ever were
    std::vector<std::vector<Call>> calls_;
    std::vector<int> cards_;
    std::vector<bool> refuses_, broken_;
    bool held_ = false;
    std::atomic<bool> bootstrap_broken_ = false;
    std::atomic<int> destroyed_ = 0, aborted_ = 0;
    size_t joined_ = 0;
};

}  // namespace cuda_emulation
