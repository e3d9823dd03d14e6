#include "heed/attention/types/optimised.h"

#include "heed/attention/types/multi_head.h"

namespace heed {

namespace {

class OptimisedAttention final : public MultiHeadAttention {
public:
    OptimisedAttention(const AttentionGeometry& geometry, const AttentionOptions& options)
        : MultiHeadAttention(geometry, options, {.key = true, .value = false}) {}

protected:
    bool is_dense(int64_t, int64_t) const override { return true; }
};

}  // namespace

std::unique_ptr<Attention> make_optimised(const AttentionGeometry& geometry, const AttentionOptions& options) {
    return std::make_unique<OptimisedAttention>(geometry, options);
}

}  // namespace heed
