#pragma once

#include "heed/attention/heads/head_view.h"
#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// What is computed for each head: see RunningSlots.
struct RunningSlotsShape {
    int64_t batch;
    int64_t heads;
    int64_t tokens;
    int64_t slots;
    int64_t head_dim;
    float scale;
    /// [batch] or null: tokens behind these are not read; their outputs and gradients are 0.
    const int32_t* lengths = nullptr;
};

/// Floats of the state of one head: for each slot its mean key, its mean value and the log-sum-exp of both.
constexpr int64_t running_slots_state(const RunningSlotsShape& shape) {
    return shape.slots * 2 * (shape.head_dim + 1);
}

struct RunningSlotsInputs {
    ConstHeadView query, key, value;       ///< [batch, tokens, heads, head_dim]
    ConstHeadView key_slots, value_slots;  ///< [batch, slots, heads, head_dim]
    const float* factors;                  ///< of the weights of the slots, [batch, heads, tokens, slots]; null: all 1
};

struct RunningSlotsForward {
    RunningSlotsShape shape;
    RunningSlotsInputs inputs;
    HeadView output;  ///< [batch, tokens, heads, head_dim]
    /// [batch, heads, running_slots_state]: where the tokens before have led, brought up to date; null: none were
    /// before
    float* state;
    float* workspace;
};

struct RunningSlotsBackward {
    RunningSlotsShape shape;
    RunningSlotsInputs inputs;
    ConstHeadView d_output;
    HeadView d_query, d_key, d_value, d_key_slots, d_value_slots;  ///< overwritten
    float* workspace;
};

/// One pass over the tokens of each head; backward goes over them twice. The results have the same bits for any number
/// of threads.
struct RunningSlotsKernels {
    void (*forward)(const RunningSlotsForward&);
    void (*backward)(const RunningSlotsBackward&);
    /// Floats that forward, or backward, needs, with the present number of threads.
    int64_t (*workspace)(const RunningSlotsShape& shape, bool backward);
};

HEED_KERNELS(RunningSlotsKernels, running_slots);

}  // namespace heed
