#include "heed/attention/types/super.h"

#include <string>
#include <vector>

#include "heed/attention/types/multi_head.h"
#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/elementwise/cast.h"
#include "heed/core/ops/products/mix_tokens.h"
#include "heed/core/ops/shapes/copy_rows.h"
#include "heed/core/tensor/element_address.h"

namespace heed {

namespace {

/// Standard deviation of what is added to the identity at the start.
constexpr float alignment_noise = 0.02f;

class SuperAttention final : public DenseAttention {
public:
    SuperAttention(const AttentionGeometry& geometry, const AttentionOptions& options)
        : DenseAttention(geometry, options, {.key = false, .value = false}),
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
        if (mask.key_places.defined()) return mixed_in_place(source, mask);
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
        product.c = element_address(mixed.values(), room.offset);
        product.c_row_stride = width;
        product.c_batch_stride = room.stride;
        product.batch = input.rows();
        multiply(input.values().context(), product);
    }

private:
    /// The same where the tokens are some of a sequence: those that are left out count as 0.
    Variable mixed_in_place(const Variable& part, const AttentionMask& mask) {
        const int64_t batch = part.shape()[0], keys = part.shape()[1], width = part.shape()[2];
        const int64_t n = geometry().max_keys();
        check_indices("super", "key_places", mask.key_places, 0, n);
        check_shape("super", "key_places", mask.key_places.shape(), {batch, keys});
        const NoGradient guard(part.context());
        const Tensor part_values = cast(part, DType::f32).value();
        std::vector<int32_t> places(static_cast<size_t>(batch * keys));
        mask.key_places.copy_to_host(places.data());
        std::vector<int32_t> lengths(static_cast<size_t>(batch), static_cast<int32_t>(keys));
        if (mask.key_lengths.defined()) mask.key_lengths.copy_to_host(lengths.data());
        // Row batch * keys is one of zeros.
        std::vector<int32_t> sources(static_cast<size_t>(batch * n), static_cast<int32_t>(batch * keys));
        std::vector<int32_t> results(static_cast<size_t>(batch * keys));
        for (int64_t i = 0; i < batch * keys; ++i) {
            const int64_t sample = i / keys, row = sample * n + places[static_cast<size_t>(i)];
            results[static_cast<size_t>(i)] = static_cast<int32_t>(row);
            if (i % keys < lengths[static_cast<size_t>(sample)]) {
                sources[static_cast<size_t>(row)] = static_cast<int32_t>(i);
            }
        }
        const auto index = [&](const std::vector<int32_t>& rows) {
            return Tensor::from_host(part.context(), {std::ssize(rows)}, std::span<const int32_t>(rows));
        };
        const Tensor with_zeros = Tensor::zeros(part.context(), {batch * keys + 1, width});
        copy_rows({part_values, 0, width}, {with_zeros, 0, width}, batch * keys, width);
        const Tensor whole = gather_rows(with_zeros, index(sources)).reshape({batch, n, width});
        const Tensor mixed = mix_tokens(Variable(whole), alignment_.variable(), {}, causal()).value();
        const Tensor rows = gather_rows(mixed.reshape({batch * n, width}), index(results));
        return cast(Variable(rows.reshape({batch, keys, width})), part.value().dtype());
    }

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
