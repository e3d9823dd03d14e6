#include "heed/core/module/dropout.h"

#include "heed/core/ops/elementwise/dropout.h"

namespace heed {

Variable Dropout::forward(const Variable& x, const ForwardState& state) const {
    BranchDropout drop = branch(state);
    return dropout(x, drop.probability, drop.stream);
}

BranchDropout Dropout::branch(const ForwardState& state) const {
    if (!state.training || probability_ == 0.0f) return {};
    return {probability_, random_stream(state, RandomPurpose::dropout)};
}

}  // namespace heed
