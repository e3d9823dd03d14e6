#include "heed/attention/types/sdpa.h"

#include "heed/attention/types/multi_head.h"

namespace heed {

namespace {

class SdpaAttention final : public MultiHeadAttention {
public:
    SdpaAttention(const AttentionGeometry& geometry, const AttentionOptions& options)
        : MultiHeadAttention(geometry, options, {.key = true, .value = true}) {}

protected:
    bool is_dense(int64_t, int64_t) const override { return true; }
};

}  // namespace

std::unique_ptr<Attention> make_sdpa(const AttentionGeometry& geometry, const AttentionOptions& options) {
    return std::make_unique<SdpaAttention>(geometry, options);
}

}  // namespace heed
