#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "heed/tests/cuda_emulation/fault.h"
#include "heed/tests/cuda_emulation/fiber.h"
#include "heed/tests/cuda_emulation/thread_order.h"
#include "heed/tests/cuda_emulation/vector_types.h"

namespace cuda_emulation {

inline constexpr unsigned warp_lanes = 32;
inline constexpr size_t most_sent = 32;  ///< bytes that a lane can send in one operation of a warp

/// What each lane of a warp sent in one operation.
using Sent = std::array<std::array<std::byte, most_sent>, warp_lanes>;

/// The threads of one block. They run one after the other, each until it waits for others.
class Block {
public:
    Block();
    ~Block();

    /// Runs `body` in all threads of the block `index` of a grid. Throws Fault for what a card does not allow.
    void run(const std::function<void()>& body, dim3 grid, dim3 size, uint3 index, size_t dynamic_bytes,
             ThreadOrder order);

    /// The block whose thread calls.
    static Block& current();

    // What the threads call.
    void barrier();
    /// Sends `bytes` bytes to the lanes of `mask`, and gives what they sent, when all of them have.
    const Sent& exchange(unsigned mask, const void* value, size_t bytes);
    unsigned lane() const { return running_->index % warp_lanes; }
    /// Shared memory of the declaration `site`: the same for all threads of a block, undefined at first.
    void* shared_array(const void* site, size_t bytes);
    void* dynamic_shared_memory();

private:
    enum class State { ready, at_barrier, at_warp, ended };

    struct Thread {
        Fiber fiber;
        unsigned index = 0;
        uint3 place{};
        State state = State::ready;
        unsigned mask = 0;  ///< of the operation that it waits for
        std::array<std::byte, most_sent> sending{};
        const Sent* received = nullptr;
    };

    /// What was sent in the last operations of a warp: who was let go reads his before the ring comes round, as all
    /// that can run do so before the next are let go, and these are 32 at most.
    struct Warp {
        std::array<Sent, 2 * warp_lanes> sent;
        unsigned next = 0;
    };

    struct SharedArray {
        const void* site;
        size_t begin;
        size_t bytes;
    };

    static void thread_entry();
    void wait(State state);
    bool run_ready_threads();
    void shuffle_turns();
    bool release_warps();
    bool all_of_mask_wait(const Thread& thread) const;
    void release_barrier();
    void clear_shared_memory();

    std::vector<std::unique_ptr<Thread>> threads_;  ///< at least count_
    std::vector<std::unique_ptr<Warp>> warps_;
    std::vector<Thread*> turns_;
    std::vector<SharedArray> shared_arrays_;
    std::unique_ptr<std::byte[]> shared_memory_;
    size_t shared_used_ = 0;
    unsigned count_ = 0;
    Thread* running_ = nullptr;
    const std::function<void()>* body_ = nullptr;
    std::string fault_;
    unsigned random_ = 1;
};

}  // namespace cuda_emulation
