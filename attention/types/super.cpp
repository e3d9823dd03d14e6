#include "heed/attention/types/super.h"

#include <string>

#include "heed/attention/types/multi_head.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/products/mix_tokens.h"

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
        check_length(source.shape()[1]);
        return mix_tokens(source, alignment_.variable(), mask.key_lengths, causal());
    }

    bool mixes_values() const override { return causal(); }

    /// The new row of W_A times the inputs so far, for each row of the batch.
    void append_value(const TokenBuffer& input, TokenBuffer& mixed) override {
        const int64_t tokens = input.tokens(), n = geometry().max_keys(), width = geometry().dim;
        check_length(tokens);
        const TokenBuffer::Room room = mixed.append_unwritten();
        if (input.rows() == 0) return;
        MatrixProduct product;
        product.rows = 1;
        product.inner = tokens;
        product.columns = width;
        product.a = alignment_.value().slice(tokens - 1, 1).f32();
        product.a_row_stride = n;
        product.b = input.values().f32();
        product.b_row_stride = width;
        product.b_batch_stride = input.values().shape()[1] * width;
        product.c = mixed.values().view(room.offset, {1}).f32();
        product.c_row_stride = width;
        product.c_batch_stride = room.stride;
        product.batch = input.rows();
        input.values().context().device().matrix_product(product);
    }

private:
    void check_length(int64_t tokens) const {
        if (tokens <= geometry().max_keys()) return;
        throw UserError("attention type 'super' was built for sequences of at most " +
                        std::to_string(geometry().max_keys()) + " tokens, got " + std::to_string(tokens));
    }
    bool causal() const { return geometry().pattern == AttentionPattern::causal_self; }

    Parameter alignment_;
};

}  // namespace

std::unique_ptr<Attention> make_super(const AttentionGeometry& geometry, const AttentionOptions& options) {
    return std::make_unique<SuperAttention>(geometry, options);
}

}  // namespace heed
