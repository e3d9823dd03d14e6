#include "heed/attention/landmarks/running_slots_kernels.h"
#include "heed/attention/tiles/token_tile.cuh"
#include "heed/core/cuda/launch.cuh"
#include "heed/core/cuda/reduce.cuh"

// A block walks over the tokens of a head. Its warps share the slots, the lanes of a warp the components of a slot's
// mean; between the steps of a token the block waits. Every number has one thread that writes it, in a fixed order.

namespace heed {

namespace running_slots_card {

namespace {

using namespace cuda;

constexpr int threads = 256, warps = threads / warp_size;

__device__ int lane() {
    return static_cast<int>(threadIdx.x) % warp_size;
}
__device__ int warp() {
    return static_cast<int>(threadIdx.x) / warp_size;
}

/// The head that a block works on.
struct SlotHead {
    int64_t number, sample, head, tokens;

    __device__ SlotHead(const RunningSlotsShape& shape, int64_t of_block)
        : number(of_block), sample(of_block / shape.heads), head(of_block % shape.heads), tokens(shape.tokens) {
        if (shape.lengths) tokens = min(max(int64_t{shape.lengths[sample]}, int64_t{0}), shape.tokens);
    }
};

/// What a walk from the first token to the last carries along, in shared memory where there is room for it.
struct Walk {
    float *key_means, *value_means;              ///< [slots, head_dim]
    float *key_log_sum_exp, *value_log_sum_exp;  ///< [slots]
    float *scores, *weights;                     ///< [slots], of one token

    __device__ Walk(const RunningSlotsShape& shape, float* memory)
        : key_means(memory),
          value_means(key_means + shape.slots * shape.head_dim),
          key_log_sum_exp(value_means + shape.slots * shape.head_dim),
          value_log_sum_exp(key_log_sum_exp + shape.slots),
          scores(value_log_sum_exp + shape.slots),
          weights(scores + shape.slots) {}
};
constexpr int64_t walk_floats(const RunningSlotsShape& shape) {
    return shape.slots * (2 * shape.head_dim + 4);
}

/// What the walk back has to know of a token, of each memory: the shares of the old mean and of the token in the new
/// one, and the gradient of the mean, which is `weight` times the query or the output's gradient, its product with the
/// mean being `product`.
struct Trace {
    float* old_share[2];
    float* new_share[2];
    float* weight[2];
    float* product[2];

    __device__ Trace(const RunningSlotsShape& shape, float* traces, int64_t token) {
        float* place = traces + token * trace_parts * shape.slots;
        float** const parts[] = {old_share, new_share, weight, product};
        for (float** part : parts) {
            for (int i = 0; i < 2; ++i, place += shape.slots) part[i] = place;
        }
    }
    static constexpr int64_t trace_parts = 8;
};
constexpr int64_t trace_floats(const RunningSlotsShape& shape) {
    return shape.tokens * Trace::trace_parts * shape.slots;
}

/// The sum over the components of a[c] * b[c], in all lanes of a warp.
__device__ float warp_dot(const float* a, const float* b, int64_t head_dim) {
    float sum = 0;
    for (int64_t c = lane(); c < head_dim; c += warp_size) sum += a[c] * b[c];
    return warp_reduce(sum, Sum{});
}

/// What lane 0 knows, in all lanes.
__device__ float from_first_lane(float value) {
    return __shfl_sync(all_lanes, value, 0);
}

struct Shares {
    float old_share, new_share;
};

/// A warp takes a token into the mean of a slot.
__device__ Shares take(const float* slot, const float* token, int64_t head_dim, float scale, float* mean,
                       float* log_sum_exp) {
    const float before = from_first_lane(lane() == 0 ? *log_sum_exp : 0.0F);
    const float score = scale * warp_dot(slot, token, head_dim);
    const float greatest = score > before || isnan(score) ? score : before;
    const float old_sum = expf(before - greatest), new_sum = expf(score - greatest), sum = old_sum + new_sum;
    const Shares shares = {old_sum / sum, new_sum / sum};
    if (lane() == 0) *log_sum_exp = greatest + logf(sum);
    for (int64_t c = lane(); c < head_dim; c += warp_size) {
        mean[c] = mean[c] * shares.old_share + shares.new_share * token[c];
    }
    return shares;
}

/// The memories before the first token, or those of `state`, [means of keys, of values, log-sum-exps of both].
__device__ void begin(const RunningSlotsShape& shape, const float* state, const Walk& walk) {
    const int64_t means = 2 * shape.slots * shape.head_dim, all = means + 2 * shape.slots;
    for (int64_t i = threadIdx.x; i < all; i += threads) {
        walk.key_means[i] = state ? state[i] : i < means ? 0.0F : -INFINITY;
    }
    __syncthreads();
}

/// Reads a token: memories, and the products of the query with the mean keys. A barrier for the block.
template <class Took>
__device__ void read_token(const RunningSlotsShape& shape, const RunningSlotsInputs& inputs, const SlotHead& own,
                           int64_t token, const Walk& walk, const Took& took) {
    const float* const query = head_rows(inputs.query, own.sample, own.head).at(token);
    const float* const key = head_rows(inputs.key, own.sample, own.head).at(token);
    const float* const value = head_rows(inputs.value, own.sample, own.head).at(token);
    const HeadRows<const float> key_slots = head_rows(inputs.key_slots, own.sample, own.head);
    const HeadRows<const float> value_slots = head_rows(inputs.value_slots, own.sample, own.head);
    for (int64_t slot = warp(); slot < shape.slots; slot += warps) {
        float* const key_mean = walk.key_means + slot * shape.head_dim;
        float* const value_mean = walk.value_means + slot * shape.head_dim;
        const Shares of_key =
            take(key_slots.at(slot), key, shape.head_dim, shape.scale, key_mean, walk.key_log_sum_exp + slot);
        const Shares of_value =
            take(value_slots.at(slot), value, shape.head_dim, shape.scale, value_mean, walk.value_log_sum_exp + slot);
        const float score = shape.scale * warp_dot(key_mean, query, shape.head_dim);
        if (lane() == 0) walk.scores[slot] = score;
        took(slot, of_key, of_value);
    }
    __syncthreads();
}

/// weights = softmax(scores). A barrier for the block.
__device__ void weigh(int64_t slots, const Walk& walk) {
    float greatest = -INFINITY, sum = 0;
    for (int64_t slot = lane(); slot < slots; slot += warp_size) greatest = Max{}(greatest, walk.scores[slot]);
    greatest = warp_reduce(greatest, Max{});
    for (int64_t slot = lane(); slot < slots; slot += warp_size) sum += expf(walk.scores[slot] - greatest);
    sum = warp_reduce(sum, Sum{});
    for (int64_t slot = threadIdx.x; slot < slots; slot += threads) {
        walk.weights[slot] = expf(walk.scores[slot] - greatest) / sum;
    }
    __syncthreads();
}

__device__ float factor_of(const RunningSlotsShape& shape, const RunningSlotsInputs& inputs, const SlotHead& own,
                           int64_t token, int64_t slot) {
    return inputs.factors ? inputs.factors[(own.number * shape.tokens + token) * shape.slots + slot] : 1.0F;
}

/// Zeros in the rows of tokens that are not there.
__device__ void clear_rows(const HeadRows<float>& rows, int64_t begin, int64_t end, int64_t head_dim) {
    for (int64_t i = threadIdx.x; i < (end - begin) * head_dim; i += threads) {
        rows.at(begin + i / head_dim)[i % head_dim] = 0;
    }
}

/// Shared memory where there is room, else the block's part of the workspace.
__device__ float* memory_of_block(float* shared, bool in_shared, float* workspace, int64_t floats) {
    return in_shared ? shared : workspace + blockIdx.x * floats;
}

__global__ void __launch_bounds__(threads) forward_kernel(RunningSlotsForward args, bool in_shared) {
    HEED_DYNAMIC_SHARED(float, shared);
    const RunningSlotsShape& shape = args.shape;
    const SlotHead own(shape, blockIdx.x);
    const Walk walk(shape, memory_of_block(shared, in_shared, args.workspace, walk_floats(shape)));
    float* const state = args.state ? args.state + own.number * running_slots_state(shape) : nullptr;
    const HeadRows<float> output = head_rows(args.output, own.sample, own.head);
    begin(shape, state, walk);
    for (int64_t token = 0; token < own.tokens; ++token) {
        read_token(shape, args.inputs, own, token, walk, [](int64_t, const Shares&, const Shares&) {});
        weigh(shape.slots, walk);
        for (int64_t c = threadIdx.x; c < shape.head_dim; c += threads) {
            float sum = 0;
            for (int64_t slot = 0; slot < shape.slots; ++slot) {
                const float weight = walk.weights[slot] * factor_of(shape, args.inputs, own, token, slot);
                sum += weight * walk.value_means[slot * shape.head_dim + c];
            }
            output.at(token)[c] = sum;
        }
        __syncthreads();
    }
    clear_rows(output, own.tokens, shape.tokens, shape.head_dim);
    for (int64_t i = threadIdx.x; state && i < running_slots_state(shape); i += threads) state[i] = walk.key_means[i];
}

/// The walk of backward from the first token to the last: gradients of the queries, and the traces.
__global__ void __launch_bounds__(threads)
    trace_kernel(RunningSlotsBackward args, float* all_traces, float* memory, bool in_shared) {
    HEED_DYNAMIC_SHARED(float, shared);
    const RunningSlotsShape& shape = args.shape;
    const SlotHead own(shape, blockIdx.x);
    const Walk walk(shape, memory_of_block(shared, in_shared, memory, walk_floats(shape)));
    const HeadRows<const float> d_output = head_rows(args.d_output, own.sample, own.head);
    const HeadRows<float> d_query = head_rows(args.d_query, own.sample, own.head);
    begin(shape, nullptr, walk);
    for (int64_t token = 0; token < own.tokens; ++token) {
        const Trace trace(shape, all_traces + own.number * trace_floats(shape), token);
        read_token(shape, args.inputs, own, token, walk,
                   [&](int64_t slot, const Shares& of_key, const Shares& of_value) {
                       const float* const mean = walk.value_means + slot * shape.head_dim;
                       const float product = warp_dot(mean, d_output.at(token), shape.head_dim);
                       if (lane() != 0) return;
                       trace.old_share[0][slot] = of_key.old_share;
                       trace.new_share[0][slot] = of_key.new_share;
                       trace.old_share[1][slot] = of_value.old_share;
                       trace.new_share[1][slot] = of_value.new_share;
                       trace.product[1][slot] = product;
                   });
        weigh(shape.slots, walk);
        for (int64_t slot = threadIdx.x; slot < shape.slots; slot += threads) {
            trace.weight[1][slot] = walk.weights[slot] * factor_of(shape, args.inputs, own, token, slot);
            trace.product[1][slot] *= trace.weight[1][slot];
        }
        __syncthreads();
        float mean = 0;
        for (int64_t slot = lane(); slot < shape.slots; slot += warp_size) mean += trace.product[1][slot];
        mean = warp_reduce(mean, Sum{});
        for (int64_t slot = threadIdx.x; slot < shape.slots; slot += threads) {
            const float d_score = trace.product[1][slot] - walk.weights[slot] * mean;
            trace.weight[0][slot] = shape.scale * d_score;
            trace.product[0][slot] = d_score * walk.scores[slot];
        }
        __syncthreads();
        for (int64_t c = threadIdx.x; c < shape.head_dim; c += threads) {
            float sum = 0;
            for (int64_t slot = 0; slot < shape.slots; ++slot) {
                sum += trace.weight[0][slot] * walk.key_means[slot * shape.head_dim + c];
            }
            d_query.at(token)[c] = sum;
        }
        __syncthreads();
    }
    clear_rows(d_query, own.tokens, shape.tokens, shape.head_dim);
}

/// What a walk back carries along of one memory of a head.
struct WalkBack {
    float *d_means, *d_slots;  ///< [slots, head_dim]
    float *rest, *d_scores;    ///< [slots]

    __device__ WalkBack(const RunningSlotsShape& shape, float* memory)
        : d_means(memory),
          d_slots(d_means + shape.slots * shape.head_dim),
          rest(d_slots + shape.slots * shape.head_dim),
          d_scores(rest + shape.slots) {}
};
constexpr int64_t walk_back_floats(const RunningSlotsShape& shape) {
    return shape.slots * (2 * shape.head_dim + 2);
}

/// The walk from the last token to the first, with a block for the keys of a head and one for its values.
__global__ void __launch_bounds__(threads)
    walk_back_kernel(RunningSlotsBackward args, float* all_traces, float* memory, bool in_shared) {
    HEED_DYNAMIC_SHARED(float, shared);
    const RunningSlotsShape& shape = args.shape;
    const SlotHead own(shape, blockIdx.x / 2);
    const int part = static_cast<int>(blockIdx.x % 2);
    const int64_t d = shape.head_dim;
    const WalkBack walk(shape, memory_of_block(shared, in_shared, memory, walk_back_floats(shape)));
    const RunningSlotsInputs& inputs = args.inputs;
    const HeadRows<const float> lines = head_rows(part == 0 ? inputs.key : inputs.value, own.sample, own.head);
    const HeadRows<const float> slots =
        head_rows(part == 0 ? inputs.key_slots : inputs.value_slots, own.sample, own.head);
    const HeadRows<const float> sources = head_rows(part == 0 ? inputs.query : args.d_output, own.sample, own.head);
    const HeadRows<float> d_lines = head_rows(part == 0 ? args.d_key : args.d_value, own.sample, own.head);
    const HeadRows<float> d_slots = head_rows(part == 0 ? args.d_key_slots : args.d_value_slots, own.sample, own.head);
    for (int64_t i = threadIdx.x; i < walk_back_floats(shape); i += threads) walk.d_means[i] = 0;
    __syncthreads();
    float* const traces = all_traces + own.number * trace_floats(shape);
    for (int64_t token = own.tokens - 1; token >= 0; --token) {
        const Trace trace(shape, traces, token);
        const bool last = token + 1 == own.tokens;
        const Trace next(shape, traces, last ? token : token + 1);
        const float *line = lines.at(token), *source = sources.at(token);
        for (int64_t slot = warp(); slot < shape.slots; slot += warps) {
            // What is no number at the last token would come from a token that is not there.
            const float kept = last ? 0.0F : next.old_share[part][slot];
            float *const d_mean = walk.d_means + slot * d, *const d_slot = walk.d_slots + slot * d;
            for (int64_t c = lane(); c < d; c += warp_size) {
                d_mean[c] = d_mean[c] * kept + trace.weight[part][slot] * source[c];
            }
            float rest = 0;
            if (lane() == 0) rest = walk.rest[slot] = walk.rest[slot] * kept + trace.product[part][slot];
            const float product = warp_dot(d_mean, line, d) - from_first_lane(rest);
            const float d_score = shape.scale * trace.new_share[part][slot] * product;
            for (int64_t c = lane(); c < d; c += warp_size) d_slot[c] += d_score * line[c];
            if (lane() == 0) walk.d_scores[slot] = d_score;
        }
        __syncthreads();
        for (int64_t c = threadIdx.x; c < d; c += threads) {
            float sum = 0;
            for (int64_t slot = 0; slot < shape.slots; ++slot) {
                sum +=
                    trace.new_share[part][slot] * walk.d_means[slot * d + c] + walk.d_scores[slot] * slots.at(slot)[c];
            }
            d_lines.at(token)[c] = sum;
        }
        __syncthreads();
    }
    clear_rows(d_lines, own.tokens, shape.tokens, d);
    for (int64_t i = threadIdx.x; i < shape.slots * d; i += threads) d_slots.at(i / d)[i % d] = walk.d_slots[i];
}

constexpr int64_t shared_floats = (48 << 10) / sizeof(float);  // what every card has without being asked

/// Launches a kernel with `blocks` blocks that carry `floats` along each.
template <class Launched>
void launch_walk(int64_t floats, const Launched& launched) {
    const bool in_shared = floats <= shared_floats;
    launched(in_shared, sizeof(float) * static_cast<size_t>(in_shared ? floats : 1));
}

int64_t heads_of(const RunningSlotsShape& shape) {
    return shape.batch * shape.heads;
}

void forward(const RunningSlotsForward& args) {
    const auto blocks = static_cast<unsigned>(heads_of(args.shape));
    launch_walk(walk_floats(args.shape), [&](bool in_shared, size_t bytes) {
        launch("running slots", {blocks, threads, bytes}, forward_kernel, args, in_shared);
    });
}

void backward(const RunningSlotsBackward& args) {
    const auto heads = static_cast<unsigned>(heads_of(args.shape));
    float* const traces = args.workspace;
    float* const memory = traces + heads_of(args.shape) * trace_floats(args.shape);
    launch_walk(walk_floats(args.shape), [&](bool in_shared, size_t bytes) {
        launch("running slots, gradient of the queries", {heads, threads, bytes}, trace_kernel, args, traces, memory,
               in_shared);
    });
    launch_walk(walk_back_floats(args.shape), [&](bool in_shared, size_t bytes) {
        launch("running slots, gradients of keys and values", {2 * heads, threads, bytes}, walk_back_kernel, args,
               traces, memory, in_shared);
    });
}

int64_t workspace(const RunningSlotsShape& shape, bool backward) {
    int64_t floats = walk_floats(shape) > shared_floats ? walk_floats(shape) : 0;
    if (!backward) return heads_of(shape) * floats;
    if (walk_back_floats(shape) > shared_floats) floats = std::max(floats, 2 * walk_back_floats(shape));
    return heads_of(shape) * (trace_floats(shape) + floats);
}

constexpr RunningSlotsKernels kernels = {forward, backward, workspace};

}  // namespace

}  // namespace running_slots_card

const RunningSlotsKernels& running_slots_cuda() {
    return running_slots_card::kernels;
}

}  // namespace heed
