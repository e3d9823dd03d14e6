#include "heed/layers/token_parts.h"

#include "heed/core/ops/check.h"
#include "heed/core/ops/shapes/copy_rows.h"

namespace heed {

Variable TokenParts::of(const Variable& tokens) const {
    check_rank("token parts", "tokens", tokens.shape(), 3);
    check_rank("token parts", "places", places.shape(), 2);
    check_shape("token parts", "lengths", lengths.shape(), {places.shape()[0]});
    const int64_t count = tokens.shape()[1], dim = tokens.shape()[2];
    check_shape("token parts", "tokens", tokens.shape(), {1, count, dim});
    const Tensor rows = gather_rows(tokens.value().reshape({count, dim}), places.reshape({places.elements()}));
    return Variable(rows.reshape({places.shape()[0], places.shape()[1], dim}));
}

}  // namespace heed
