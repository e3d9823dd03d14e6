#include "heed/attention/super.h"

#include <string>

#include "heed/attention/multi_head.h"
#include "heed/core/error.h"
#include "heed/core/ops/mix_tokens.h"

namespace heed {

namespace {

/// Standard deviation of what is added to the identity at the start.
constexpr float alignment_noise = 0.02f;

class SuperAttention final : public MultiHeadAttention {
public:
    SuperAttention(const AttentionGeometry& geometry, const AttentionOptions& options)
        : MultiHeadAttention(geometry, options, {.key = false, .value = false}),
          alignment_({geometry.max_keys(), geometry.max_keys()}, Initializer::near_identity(alignment_noise, causal()),
                     false) {
        add("alignment.weight", alignment_);
    }

    int64_t multiplies(int64_t tokens, int64_t keys) const override {
        return MultiHeadAttention::multiplies(tokens, keys) + keys * keys * geometry().dim;
    }

protected:
    /// W_A K for all heads at once: S W_A is never formed.
    Variable values(const Variable& source, const AttentionMask& mask) override {
        const int64_t tokens = source.shape()[1];
        if (tokens > geometry().max_keys()) {
            throw UserError("attention type 'super' was built for sequences of at most " +
                            std::to_string(geometry().max_keys()) + " tokens, got " + std::to_string(tokens));
        }
        return mix_tokens(source, alignment_.variable(), mask.key_lengths, causal());
    }

private:
    bool causal() const { return geometry().pattern == AttentionPattern::causal_self; }

    Parameter alignment_;
};

}  // namespace

std::unique_ptr<Attention> make_super(const AttentionGeometry& geometry, const AttentionOptions& options) {
    return std::make_unique<SuperAttention>(geometry, options);
}

}  // namespace heed
