#include "heed/core/module/drop_path.h"

#include "heed/core/ops/elementwise/drop_path.h"

namespace heed {

Variable DropPath::forward(const Variable& branch, const ForwardState& state) const {
    if (!state.training || probability_ == 0.0f) return branch;
    return drop_path(branch, probability_, random_stream(state, RandomPurpose::drop_path));
}

}  // namespace heed
