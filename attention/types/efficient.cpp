#include "heed/attention/types/efficient.h"

#include "heed/attention/types/multi_head.h"

namespace heed {

namespace {

class EfficientAttention final : public MultiHeadAttention {
public:
    EfficientAttention(const AttentionGeometry& geometry, const AttentionOptions& options)
        : MultiHeadAttention(geometry, options, {.key = false, .value = false}) {}

protected:
    bool is_dense(int64_t, int64_t) const override { return true; }
};

}  // namespace

std::unique_ptr<Attention> make_efficient(const AttentionGeometry& geometry, const AttentionOptions& options) {
    return std::make_unique<EfficientAttention>(geometry, options);
}

}  // namespace heed
