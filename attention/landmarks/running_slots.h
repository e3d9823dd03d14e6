#pragma once

#include "heed/attention/heads/scaled_dot_product.h"

namespace heed {

/// Attention through a bounded memory that grows with the tokens (ABC: Peng et al., ACL 2022, section 3, with the sum
/// over all tokens so far). With slots s_c for keys and s'_c for values, for each head, query t and slot c:
///
///     K_tc = sum over i <= t of softmax_i(s_c k_i / sqrt(head_dim)) k_i,   V_tc likewise with s'_c and v_i,
///     out_t = sum over c of softmax_c(q_t K_tc / sqrt(head_dim)) V_tc
///
/// Log-sum-exps are carried along: nothing overflows, and nothing depends on later tokens.
struct RunningSlots {
    /// Query, key and value with as many tokens each; dropout is of the weights of the slots. `causal` is not read.
    ScaledDotProduct heads;
    HeadColumns key_slots, value_slots;  ///< [batch, slots, width]
};

/// [batch, tokens, heads * head_dim]; tokens behind the key lengths give zeros. Saves its inputs alone.
Variable running_slots(const RunningSlots& attention);

/// A state before the first token, [batch, heads, ...].
Tensor running_slots_begin(Context& context, int64_t batch, int64_t heads, int64_t slots, int64_t head_dim);

/// The outputs of further tokens after those that have led to `state`, which is brought up to date. No gradient.
Tensor running_slots_extend(const RunningSlots& attention, Tensor& state);

}  // namespace heed
