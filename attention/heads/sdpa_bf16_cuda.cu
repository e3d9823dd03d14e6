#include <algorithm>
#include <bit>
#include <cmath>

#include "heed/attention/heads/sdpa_bf16.cuh"
#include "heed/core/cuda/for_each.cuh"
#include "heed/core/cuda/rounding.cuh"
#include "heed/core/error.h"

namespace heed::cuda {

namespace {

constexpr int64_t group = 8;  // components that a thread converts: 16 bytes of bf16
constexpr size_t workspace_alignment = 256;

/// `size` and at most an eighth more: text has batches of many sizes, and every shape of cuDNN's costs a plan.
int64_t common_size(int64_t size, int64_t smallest_step) {
    const auto eighth = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(size)) / 8);
    const int64_t step = std::max(smallest_step, eighth);
    return (size + step - 1) / step * step;
}

FusedShape exact_shape(const SdpaShape& shape) {
    return {shape.batch, shape.heads, shape.queries, shape.keys, shape.head_dim, shape.scale, shape.causal, false};
}

/// What the fused kernel computes on copies: with key lengths or causal more samples and tokens, whose results are not
/// read.
FusedShape fused_shape(const SdpaShape& shape) {
    FusedShape fused = exact_shape(shape);
    if (!shape.key_lengths && !shape.causal) return fused;
    fused.batch = common_size(shape.batch, 1);
    fused.queries = common_size(shape.queries, 16);
    fused.keys = common_size(shape.keys, 16);
    fused.has_lengths = shape.key_lengths || fused.queries != shape.queries || fused.keys != shape.keys;
    return fused;
}

/// Whether log-sum-exp needs no copy of its own.
bool same_queries(const SdpaShape& shape, const FusedShape& fused) {
    return !shape.key_lengths && fused.batch == shape.batch && fused.queries == shape.queries;
}

/// The first address from `address` on where a part of the scratch memory may begin.
uintptr_t aligned(uintptr_t address) {
    return (address + workspace_alignment - 1) / workspace_alignment * workspace_alignment;
}

/// Floats of scratch memory, wherever it begins, for so many bytes from the first such address on.
int64_t workspace_floats(size_t bytes) {
    return static_cast<int64_t>((bytes + workspace_alignment + sizeof(float) - 1) / sizeof(float));
}

/// Parts of the scratch memory, each at such an address.
struct Parts {
    FusedTensors tensors{};
    size_t bytes = 0;
};

Parts parts_of(const SdpaShape& shape, const FusedShape& fused, const FusedAttention& attention, float* workspace) {
    const auto first = reinterpret_cast<uintptr_t>(workspace);
    uintptr_t next = first;
    const auto take = [&](size_t bytes) {
        const uintptr_t part = aligned(next);
        next = part + bytes;
        return reinterpret_cast<void*>(part);
    };
    const auto row = static_cast<size_t>(fused.heads * fused.head_dim) * sizeof(uint16_t);
    const size_t of_queries = static_cast<size_t>(fused.batch * fused.queries) * row;
    const size_t of_keys = static_cast<size_t>(fused.batch * fused.keys) * row;
    Parts parts;
    FusedTensors& t = parts.tensors;
    for (void** tensor : {&t.query, &t.output, &t.d_output, &t.d_query}) *tensor = take(of_queries);
    for (void** tensor : {&t.key, &t.value, &t.d_key, &t.d_value}) *tensor = take(of_keys);
    if (!same_queries(shape, fused)) {
        t.log_sum_exp =
            static_cast<float*>(take(static_cast<size_t>(fused.batch * fused.heads * fused.queries) * sizeof(float)));
    }
    if (fused.has_lengths) {
        t.query_lengths = static_cast<int32_t*>(take(static_cast<size_t>(fused.batch) * sizeof(int32_t)));
        t.key_lengths = static_cast<int32_t*>(take(static_cast<size_t>(fused.batch) * sizeof(int32_t)));
    }
    t.workspace = take(attention.workspace_bytes());
    parts.bytes = next - first;
    return parts;
}

template <class Element>
bool is_aligned(const BasicHeadView<Element>& view) {
    constexpr int64_t elements = 16 / sizeof(Element);
    return reinterpret_cast<uintptr_t>(view.data) % 16 == 0 && view.batch_stride % elements == 0 &&
           view.token_stride % elements == 0 && view.head_stride % elements == 0;
}

/// The components of a group, which begins at a multiple of 16 bytes where it is aligned.
__device__ void load_group(const float* from, bool aligned, float (&x)[group]) {
    if (aligned) {
        *reinterpret_cast<float4*>(x) = *reinterpret_cast<const float4*>(from);
        *reinterpret_cast<float4*>(x + 4) = *reinterpret_cast<const float4*>(from + 4);
    } else {
        for (int k = 0; k < group; ++k) x[k] = from[k];
    }
}
__device__ void load_group(const uint4& pairs, float (&x)[group]) {
    const uint32_t of_two[group / 2] = {pairs.x, pairs.y, pairs.z, pairs.w};
    for (int k = 0; k < group; ++k) {
        x[k] = __uint_as_float(k % 2 == 0 ? of_two[k / 2] << 16 : of_two[k / 2] & 0xFFFF0000U);
    }
}
__device__ void load_group(const Bf16* from, bool aligned, float (&x)[group]) {
    if (aligned) {
        load_group(*reinterpret_cast<const uint4*>(from), x);
    } else {
        for (int k = 0; k < group; ++k) x[k] = to_float(from[k]);
    }
}

__device__ void store_group(const float (&x)[group], float* to, bool aligned) {
    if (aligned) {
        *reinterpret_cast<float4*>(to) = *reinterpret_cast<const float4*>(x);
        *reinterpret_cast<float4*>(to + 4) = *reinterpret_cast<const float4*>(x + 4);
    } else {
        for (int k = 0; k < group; ++k) to[k] = x[k];
    }
}
__device__ void store_group(const float (&x)[group], Bf16* to, bool aligned) {
    if (aligned) {
        *reinterpret_cast<uint4*>(to) = bf16_group(x);
    } else {
        for (int k = 0; k < group; ++k) to[k] = from_float<Bf16>(x[k]);
    }
}

/// Copies `tokens` rows of heads as bf16; zeros for the tokens and samples that the fused shape has beside them, and
/// from a sample's length on, as what stands there must have no influence.
template <class Element>
void pack(const BasicHeadView<const Element>& from, int64_t tokens, const int32_t* lengths, const SdpaShape& shape,
          const FusedShape& fused, int64_t fused_tokens, void* to) {
    const auto head_groups = static_cast<uint32_t>(shape.head_dim / group);
    const auto all_tokens = static_cast<uint32_t>(fused_tokens);
    const int64_t groups = shape.heads * head_groups, batch = shape.batch;
    const bool aligned = is_aligned(from);
    uint4* const packed = static_cast<uint4*>(to);
    for_each_in_rows("heads as bf16", fused.batch * fused_tokens, groups, [=] __device__(int64_t row, int64_t i) {
        const uint32_t sample = static_cast<uint32_t>(row) / all_tokens,
                       token = static_cast<uint32_t>(row) % all_tokens;
        const uint32_t head = static_cast<uint32_t>(i) / head_groups, part = static_cast<uint32_t>(i) % head_groups;
        alignas(16) float x[group] = {};
        if (sample < batch && token < tokens && (!lengths || static_cast<int64_t>(token) < lengths[sample])) {
            load_group(from.data + sample * from.batch_stride + token * from.token_stride + head * from.head_stride +
                           part * group,
                       aligned, x);
        }
        packed[row * groups + i] = bf16_group(x);
    });
}

/// What becomes zero when results are copied back.
enum class Zeros {
    of_samples_without_keys,
    of_masked_keys,  ///< from a sample's length on
};

/// Copies the results for the samples and tokens of `shape` back.
template <class Element>
void unpack(const void* from, int64_t fused_tokens, Zeros zeros, const SdpaShape& shape, int64_t tokens,
            const BasicHeadView<Element>& to) {
    const auto head_groups = static_cast<uint32_t>(shape.head_dim / group);
    const auto all_tokens = static_cast<uint32_t>(tokens);
    const int64_t groups = shape.heads * head_groups;
    const bool aligned = is_aligned(to), masks_keys = zeros == Zeros::of_masked_keys;
    const int32_t* const lengths = shape.key_lengths;
    const uint4* const packed = static_cast<const uint4*>(from);
    for_each_in_rows("heads from bf16", shape.batch * tokens, groups, [=] __device__(int64_t row, int64_t i) {
        const uint32_t sample = static_cast<uint32_t>(row) / all_tokens,
                       token = static_cast<uint32_t>(row) % all_tokens;
        const uint32_t head = static_cast<uint32_t>(i) / head_groups, part = static_cast<uint32_t>(i) % head_groups;
        const bool zero = lengths && lengths[sample] <= (masks_keys ? static_cast<int64_t>(token) : 0);
        alignas(16) float x[group] = {};
        if (!zero) load_group(packed[(sample * fused_tokens + token) * groups + i], x);
        store_group(x,
                    to.data + sample * to.batch_stride + token * to.token_stride + head * to.head_stride + part * group,
                    aligned);
    });
}

/// A sample without keys gets one, of zeros: what comes out for it is not read.
void set_lengths(const SdpaShape& shape, const FusedShape& fused, const FusedTensors& t) {
    if (!fused.has_lengths) return;
    int32_t* const queries = t.query_lengths;
    int32_t* const keys = t.key_lengths;
    for_each("lengths of attention", fused.batch, [=] __device__(int64_t sample) {
        const bool real = sample < shape.batch;
        queries[sample] = real ? static_cast<int32_t>(shape.queries) : 1;
        int64_t length = real ? shape.keys : 1;
        if (real && shape.key_lengths && shape.key_lengths[sample] < length) length = shape.key_lengths[sample];
        keys[sample] = length < 1 ? 1 : static_cast<int32_t>(length);
    });
}

template <class Element>
void pack_inputs(const SdpaInputs<Element>& args, const FusedShape& fused, const FusedTensors& t) {
    const SdpaShape& shape = args.shape;
    pack(args.query, shape.queries, nullptr, shape, fused, fused.queries, t.query);
    pack(args.key, shape.keys, shape.key_lengths, shape, fused, fused.keys, t.key);
    pack(args.value, shape.keys, shape.key_lengths, shape, fused, fused.keys, t.value);
    set_lengths(shape, fused, t);
}

/// Of the queries in `shape`, -inf for a sample without keys.
void unpack_log_sum_exp(const float* from, const SdpaShape& shape, const FusedShape& fused, float* to) {
    const int64_t queries = shape.queries, fused_queries = fused.queries, heads = shape.heads;
    const int32_t* const lengths = shape.key_lengths;
    for_each_in_rows("log-sum-exp", shape.batch * heads, queries, [=] __device__(int64_t row, int64_t i) {
        const bool no_keys = lengths && lengths[row / heads] <= 0;
        to[row * queries + i] = no_keys ? -INFINITY : from[row * fused_queries + i];
    });
}

/// 0 where there is none.
void pack_log_sum_exp(const float* from, const SdpaShape& shape, const FusedShape& fused, float* to) {
    const int64_t queries = shape.queries, fused_queries = fused.queries, rows = shape.batch * shape.heads;
    for_each_in_rows("log-sum-exp", fused.batch * fused.heads, fused_queries, [=] __device__(int64_t row, int64_t i) {
        const float x = row < rows && i < queries ? from[row * queries + i] : 0.0F;
        to[row * fused_queries + i] = x == -INFINITY ? 0.0F : x;
    });
}

}  // namespace

const FusedAttention* fused_attention_for(const SdpaShape& shape) {
    constexpr int64_t largest_fused_head_dim = 256;
    const bool fits = shape.precision == Precision::bf16 && shape.dropout == 0 && shape.head_dim % group == 0 &&
                      shape.head_dim <= largest_fused_head_dim && shape.batch > 0 && shape.queries > 1 &&
                      shape.keys > 0 && (!shape.causal || shape.queries == shape.keys) && shape.before < 0 &&
                      shape.after < 0;
    return fits && fused_attention ? fused_attention(fused_shape(shape)) : nullptr;
}

int64_t fused_workspace(const SdpaShape& shape, const FusedAttention& attention) {
    return workspace_floats(parts_of(shape, fused_shape(shape), attention, nullptr).bytes);
}

namespace {

template <class Element>
void forward_on_copies(const BasicSdpaForward<Element>& args, const FusedAttention& attention) {
    const SdpaShape& shape = args.shape;
    const FusedShape fused = fused_shape(shape);
    FusedTensors t = parts_of(shape, fused, attention, args.workspace).tensors;
    const bool in_place = same_queries(shape, fused);
    if (in_place) t.log_sum_exp = args.log_sum_exp;
    pack_inputs(args, fused, t);
    attention.forward(t);
    unpack(t.output, fused.queries, Zeros::of_samples_without_keys, shape, shape.queries, args.output);
    if (!in_place) unpack_log_sum_exp(t.log_sum_exp, shape, fused, args.log_sum_exp);
}

template <class Element>
void backward_on_copies(const BasicSdpaBackward<Element>& args, const FusedAttention& attention) {
    const SdpaShape& shape = args.shape;
    const FusedShape fused = fused_shape(shape);
    FusedTensors t = parts_of(shape, fused, attention, args.workspace).tensors;
    pack_inputs(args, fused, t);
    pack(args.output, shape.queries, nullptr, shape, fused, fused.queries, t.output);
    pack(args.d_output, shape.queries, nullptr, shape, fused, fused.queries, t.d_output);
    if (same_queries(shape, fused)) {
        t.log_sum_exp = const_cast<float*>(args.log_sum_exp);  // is only read
    } else {
        pack_log_sum_exp(args.log_sum_exp, shape, fused, t.log_sum_exp);
    }
    attention.backward(t);
    unpack(t.d_query, fused.queries, Zeros::of_samples_without_keys, shape, shape.queries, args.d_query);
    unpack(t.d_key, fused.keys, Zeros::of_masked_keys, shape, shape.keys, args.d_key);
    unpack(t.d_value, fused.keys, Zeros::of_masked_keys, shape, shape.keys, args.d_value);
}

/// Whether rows of heads follow one another, samples too, all at multiples of 16 bytes.
template <class Element>
bool is_packed(const BasicHeadView<Element>& view, int64_t tokens, int64_t head_dim) {
    return is_aligned(view) && view.head_stride == head_dim && view.batch_stride == tokens * view.token_stride;
}

/// The fused attention for numbers of bf16 where they lie; null where copies are needed: with key lengths, as what
/// stands behind them must have no influence.
const FusedAttention* fused_attention_in_place(const SdpaInputs<Bf16>& inputs) {
    const SdpaShape& shape = inputs.shape;
    if (shape.key_lengths || !is_packed(inputs.query, shape.queries, shape.head_dim) ||
        !is_packed(inputs.key, shape.keys, shape.head_dim) || !is_packed(inputs.value, shape.keys, shape.head_dim)) {
        return nullptr;
    }
    FusedShape fused = exact_shape(shape);
    fused.query_stride = inputs.query.token_stride;
    fused.key_stride = inputs.key.token_stride;
    fused.value_stride = inputs.value.token_stride;
    return fused_attention(fused);
}

/// The fused attention on copies, which is there where takes_bf16 is true.
const FusedAttention& fused_attention_on_copies(const SdpaShape& shape) {
    const FusedAttention* const fused = fused_attention_for(shape);
    if (!fused) throw Error("attention in bf16 was asked for a shape that it does not take");
    return *fused;
}

void* address_of(const BasicHeadView<const Bf16>& view) {
    return const_cast<Bf16*>(view.data);  // is only read
}

FusedTensors inputs_in_place(const SdpaInputs<Bf16>& inputs, float* workspace) {
    FusedTensors t{};
    t.query = address_of(inputs.query);
    t.key = address_of(inputs.key);
    t.value = address_of(inputs.value);
    t.workspace = reinterpret_cast<void*>(aligned(reinterpret_cast<uintptr_t>(workspace)));
    return t;
}

bool same_strides(const BasicHeadView<Bf16>& a, const BasicHeadView<const Bf16>& b) {
    return a.batch_stride == b.batch_stride && a.token_stride == b.token_stride && a.head_stride == b.head_stride;
}

}  // namespace

void fused_forward(const SdpaForward& args, const FusedAttention& attention) {
    forward_on_copies(args, attention);
}

void fused_backward(const SdpaBackward& args, const FusedAttention& attention) {
    backward_on_copies(args, attention);
}

int64_t bf16_workspace(const SdpaInputs<Bf16>& inputs) {
    const FusedAttention* const in_place = fused_attention_in_place(inputs);
    if (!in_place) return fused_workspace(inputs.shape, fused_attention_on_copies(inputs.shape));
    return workspace_floats(in_place->workspace_bytes());
}

void bf16_forward(const BasicSdpaForward<Bf16>& args) {
    const FusedAttention* const in_place = fused_attention_in_place(args);
    if (!in_place) return forward_on_copies(args, fused_attention_on_copies(args.shape));
    FusedTensors t = inputs_in_place(args, args.workspace);
    t.output = args.output.data;
    t.log_sum_exp = args.log_sum_exp;
    in_place->forward(t);
}

void bf16_backward(const BasicSdpaBackward<Bf16>& args) {
    const FusedAttention* const in_place = fused_attention_in_place(args);
    if (!in_place) return backward_on_copies(args, fused_attention_on_copies(args.shape));
    if (!same_strides(args.d_query, args.query) || !same_strides(args.d_key, args.key) ||
        !same_strides(args.d_value, args.value)) {
        throw Error("gradients of attention in bf16 lie in memory in another way than what they are of");
    }
    FusedTensors t = inputs_in_place(args, args.workspace);
    t.output = address_of(args.output);
    t.d_output = address_of(args.d_output);
    t.log_sum_exp = const_cast<float*>(args.log_sum_exp);  // is only read
    t.d_query = args.d_query.data;
    t.d_key = args.d_key.data;
    t.d_value = args.d_value.data;
    in_place->backward(t);
}

}  // namespace heed::cuda
