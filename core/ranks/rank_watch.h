#pragma once

#include <string>

namespace heed {

/// What a Communicator may be besides: one that can tell of the other ranks while none of its operations is waited for.
class RankWatch {
public:
    virtual ~RankWatch() = default;

    /// For a rank that waits for others elsewhere, in `where` ("the all-reduce of the gradients"): throws
    /// OtherRankError where another one has told that it ends, Error where one is seen to have ended or, with `late`,
    /// to be stopped.
    virtual void look_at_others(const std::string& where, bool late) = 0;
};

/// "within the 60 s of train.rank_timeout"
std::string within_timeout(double seconds);

}  // namespace heed
