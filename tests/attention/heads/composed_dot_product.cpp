#include "heed/tests/attention/heads/composed_dot_product.h"

#include <cmath>

#include "heed/core/error.h"
#include "heed/core/ops/elementwise/elementwise.h"
#include "heed/core/ops/products/matmul.h"
#include "heed/core/ops/rows/softmax.h"
#include "heed/core/ops/shapes/permute_heads.h"
#include "heed/core/ops/shapes/reshape.h"

namespace heed::test {

Variable composed_dot_product(const ScaledDotProduct& attention) {
    if (attention.causal || attention.dropout > 0.0f) {
        throw Error("the composed form of scaled_dot_product has neither a causal mask nor dropout");
    }
    const int64_t heads = attention.heads, head_dim = attention.head_dim;
    auto split = [&](const HeadColumns& columns) {
        const Shape& shape = columns.source.shape();
        return permute_heads(reshape(columns.source, {shape[0], shape[1], heads, head_dim}));
    };
    Variable scores = matmul(split(attention.query), split(attention.key), true);
    Variable weights =
        softmax(scale(scores, 1.0f / std::sqrt(static_cast<float>(head_dim))), attention.mask.key_lengths);
    Variable out = permute_heads(matmul(weights, split(attention.value)));
    return reshape(out, {out.shape()[0], out.shape()[1], heads * head_dim});
}

}  // namespace heed::test
