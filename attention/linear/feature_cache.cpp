#include "heed/attention/linear/feature_cache.h"

#include "heed/core/device/context.h"
#include "heed/core/ops/shapes/copy_rows.h"

namespace heed {

void FeatureCache::reorder(std::span<const int32_t> rows) {
    const Tensor index = Tensor::from_host(state.context(), {static_cast<int64_t>(rows.size())}, rows);
    state = gather_rows(state, index);
}

HeadColumns one_token(const HeadColumns& columns, int64_t number) {
    const Tensor& all = columns.source.value();
    const int64_t rows = all.shape()[0], width = all.shape()[2];
    const Tensor token = Tensor::empty(all.context(), {rows, 1, width});
    copy_rows({all, number * width, all.shape()[1] * width}, {token, 0, width}, rows, width);
    return {Variable(token), columns.first_column};
}

HeadColumns no_tokens(const HeadColumns& columns) {
    const Tensor& all = columns.source.value();
    return {Variable(Tensor::empty(all.context(), {all.shape()[0], 0, all.shape()[2]})), columns.first_column};
}

}  // namespace heed
