#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "heed/core/device/context.h"

namespace heed {

/// What the calls of an op took, forward or backward. Ops that run within it are not in it.
struct OpCost {
    std::string op;
    bool backward = false;
    int64_t calls = 0;
    double seconds = 0.0;
    double multiplies = 0.0;  ///< multiply-adds of its products
    double bytes = 0.0;       ///< of the tensors that it reads and writes, each counted once a call, whole
};

/// Adds up what the ops of a context cost from its making to its end. On a device that does not share the host's memory
/// every op is waited for, so that its time is its own; steps are slower for it.
class OpProfile final : public OpObserver {
public:
    explicit OpProfile(Context& context);
    ~OpProfile() override { context_.set_observer(nullptr); }
    OpProfile(const OpProfile&) = delete;
    OpProfile& operator=(const OpProfile&) = delete;

    /// Forgets what it has seen. Not to be called within an op.
    void clear() { costs_.clear(); }
    /// Those that take longest first.
    std::vector<OpCost> costs() const;

    void begins(const char* op, bool backward) override;
    void ends() override;
    void multiplies(int64_t count) override;
    void touches(const void* address, size_t bytes) override;

private:
    using Clock = std::chrono::steady_clock;
    struct Running {
        OpCost* cost;
        size_t first_touch;
    };
    struct Touch {
        const void* address;
        size_t bytes;
    };

    /// The time since the last call goes to the op that runs.
    void charge();
    void wait();

    Context& context_;
    Tensor waited_;              ///< on a device that has to be waited for
    void* waited_at_ = nullptr;  ///< its address
    std::map<std::pair<std::string, bool>, OpCost> costs_;
    std::vector<Running> running_;  ///< the innermost last
    std::vector<Touch> touches_;    ///< of all that run
    Clock::time_point mark_;
};

}  // namespace heed
