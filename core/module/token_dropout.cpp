#include "heed/core/module/token_dropout.h"

#include "heed/core/ops/elementwise/drop_path.h"
#include "heed/core/ops/shapes/reshape.h"

namespace heed {

Variable TokenDropout::forward(const Variable& x, const ForwardState& state) const {
    if (!state.training || probability_ == 0.0f) return x;
    const Shape shape = x.shape();
    ForwardState tokens = state;
    tokens.first_sample = state.first_sample * static_cast<uint32_t>(shape[1]);
    const Variable rows = reshape(x, {shape[0] * shape[1], shape[2]});
    return reshape(drop_path(rows, probability_, random_stream(tokens, RandomPurpose::drop_path)), shape);
}

}  // namespace heed
