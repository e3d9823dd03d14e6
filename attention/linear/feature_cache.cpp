#include "heed/attention/linear/feature_cache.h"

#include "heed/core/device/context.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/shapes/copy_rows.h"

namespace heed {

void FeatureCache::reorder(std::span<const int32_t> rows) {
    state =
        gather_rows(state, indices_on_device(state.context(), "rows", {std::ssize(rows)}, rows, 0, state.shape()[0]));
}

HeadColumns no_tokens(const HeadColumns& columns) {
    const Tensor& all = columns.source.value();
    return {Variable(Tensor::empty(all.context(), {all.shape()[0], 0, all.shape()[2]})), columns.first_column};
}

}  // namespace heed
