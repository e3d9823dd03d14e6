#include "heed/attention/heads/head_rows.h"
#include "heed/attention/landmarks/running_slots_kernels.h"
#include "heed/attention/tiles/score_products.h"
#include "heed/attention/tiles/task_scratch.h"
#include "heed/core/simd/math.h"

// One task a head. Vectors of a head are padded to whole vectors of the processor ("lines"), and so are numbers of
// slots.

namespace heed::HEED_ISA {

namespace slots {

namespace {

/// The two memories of a head, of keys and of values, as forward carries them along.
struct SlotMemory {
    float* slots;        ///< [slots] lines: what each looks for, times scale
    float* means;        ///< [slots] lines
    float* log_sum_exp;  ///< [slots]
};

/// What backward keeps of each token, [slots] each.
struct SlotTrace {
    float *key_old, *key_new, *value_old, *value_new;  ///< shares of the old mean and of the new token in a mean
    float *d_score, *d_score_times_score;              ///< of the products of the query with the mean keys
    float *weight, *weight_times_product;              ///< of the mean values; with d_output times the mean value
};

struct SlotScratch {
    int64_t line, slots;  ///< padded sizes
    SlotMemory key, value;
    float *query_line, *key_line, *value_line, *output_line;
    float *old_share, *new_share, *scores, *weights, *factors;
    float *d_key_means, *d_value_means, *d_key_slots, *d_value_slots;  ///< [slots] lines, of backward
    float *key_rest, *value_rest;                                      ///< [slots], of backward
    float* traces;                                                     ///< [tokens, 8, slots], of backward
};

int64_t lay_out_slots(const RunningSlotsShape& shape, bool backward, float* base, SlotScratch* scratch) {
    int64_t used = 0;
    const auto take = [&](int64_t floats) {
        float* p = base == nullptr ? nullptr : base + used;
        used += round_up(floats, 16);
        return p;
    };
    scratch->line = round_up(shape.head_dim, lanes);
    scratch->slots = round_up(shape.slots, lanes);
    const int64_t memory = shape.slots * scratch->line;
    SlotMemory* const memories[] = {&scratch->key, &scratch->value};
    for (SlotMemory* part : memories) {
        part->slots = take(memory);
        part->means = take(memory);
        part->log_sum_exp = take(scratch->slots);
    }
    float** const of_line[] = {&scratch->query_line, &scratch->key_line, &scratch->value_line, &scratch->output_line};
    for (float** part : of_line) *part = take(scratch->line);
    float** const of_slots[] = {&scratch->old_share, &scratch->new_share, &scratch->scores, &scratch->weights,
                                &scratch->factors};
    for (float** part : of_slots) *part = take(scratch->slots);
    if (!backward) return used;
    float** const gradients[] = {&scratch->d_key_means, &scratch->d_value_means, &scratch->d_key_slots,
                                 &scratch->d_value_slots};
    for (float** part : gradients) *part = take(memory);
    scratch->key_rest = take(scratch->slots);
    scratch->value_rest = take(scratch->slots);
    scratch->traces = take(shape.tokens * 8 * scratch->slots);
    return used;
}

SlotTrace trace_of(const SlotScratch& scratch, int64_t token) {
    float* base = scratch.traces + token * 8 * scratch.slots;
    const int64_t n = scratch.slots;
    return {base, base + n, base + 2 * n, base + 3 * n, base + 4 * n, base + 5 * n, base + 6 * n, base + 7 * n};
}

/// A row of `head_dim` floats times a factor, as a line with zeros behind it.
void copy_line(const float* from, int64_t head_dim, float factor, float* line) {
    int64_t c = 0;
    for (; c + lanes <= head_dim; c += lanes) store(line + c, load(from + c) * factor);
    if (c < head_dim) store(line + c, load_partial(from + c, head_dim - c) * factor);
}

void store_line(const float* line, int64_t head_dim, float* to) {
    int64_t c = 0;
    for (; c + lanes <= head_dim; c += lanes) store(to + c, load(line + c));
    if (c < head_dim) store_partial(to + c, load(line + c), head_dim - c);
}

void fill_floats(float* to, int64_t count, float value) {
    for (int64_t i = 0; i < count; ++i) to[i] = value;
}

/// to[i] = rows[i] . line for all slots, 0 behind them.
void slot_products(const float* rows, const float* line, int64_t slots, const SlotScratch& scratch, float* to) {
    for (int64_t slot = 0; slot < slots; ++slot) to[slot] = row_dot(rows + slot * scratch.line, line, scratch.line);
    fill_floats(to + slots, scratch.slots - slots, 0.0F);
}

/// rows[i] = rows[i] * old[i] + line * now[i]
void blend_rows(float* rows, const float* old, const float* now, const float* line, int64_t slots, int64_t width) {
    for (int64_t slot = 0; slot < slots; ++slot) {
        float* row = rows + slot * width;
        const vf keep = broadcast(old[slot]), take = broadcast(now[slot]);
        for (int64_t c = 0; c < width; c += lanes) store(row + c, fma(load(row + c), keep, load(line + c) * take));
    }
}

/// line = sum over the slots of share[i] * rows[i], times factor, added to what is there where `accumulate`.
void mix_rows(const float* rows, const float* share, float factor, int64_t slots, int64_t width, bool accumulate,
              float* line) {
    for (int64_t c = 0; c < width; c += lanes) {
        vf sum = accumulate ? load(line + c) : zero();
        for (int64_t slot = 0; slot < slots; ++slot) {
            sum = fma(load(rows + slot * width + c), broadcast(share[slot] * factor), sum);
        }
        store(line + c, sum);
    }
}

/// Takes one more token into a memory; `old` and `now` become the shares of what was there and of the token.
void take_token(const SlotMemory& memory, const float* line, int64_t slots, const SlotScratch& scratch, float* old,
                float* now) {
    slot_products(memory.slots, line, slots, scratch, now);
    for (int64_t i = 0; i < scratch.slots; i += lanes) {
        const vf before = load(memory.log_sum_exp + i), score = load(now + i);
        const vf greatest = vmax(before, score);
        const vf old_sum = exp_nonpositive(before - greatest), new_sum = exp_nonpositive(score - greatest);
        const vf sum = old_sum + new_sum;
        store(old + i, old_sum / sum);
        store(now + i, new_sum / sum);
        store(memory.log_sum_exp + i, greatest + log(sum));
    }
    blend_rows(memory.means, old, now, line, slots, scratch.line);
}

/// Scores become their softmax.
void slot_softmax(const float* scores, int64_t slots, const SlotScratch& scratch, float* weights) {
    const auto real = [&](int64_t i) { return first_lanes(slots - i); };
    vf greatest = broadcast(-infinity);
    for (int64_t i = 0; i < scratch.slots; i += lanes) {
        greatest = vmax(select(real(i), load(scores + i), broadcast(-infinity)), greatest);
    }
    const vf shift = broadcast(hmax(greatest));
    vf sum = zero();
    for (int64_t i = 0; i < scratch.slots; i += lanes) {
        const vf e = select(real(i), exp_nonpositive(load(scores + i) - shift), zero());
        store(weights + i, e);
        sum += e;
    }
    const vf normaliser = broadcast(1.0F / hsum(sum));
    for (int64_t i = 0; i < scratch.slots; i += lanes) store(weights + i, load(weights + i) * normaliser);
}

/// One head of one sample in what a pass is given.
struct SlotHead {
    Rows<const float> query, key, value;
    const float* factors;  ///< [tokens, slots] or null
    int64_t tokens;        ///< real ones
};

SlotHead slot_head(const RunningSlotsShape& shape, const RunningSlotsInputs& inputs, int64_t task) {
    const int64_t sample = task / shape.heads, head = task % shape.heads;
    const int64_t tokens = shape.lengths == nullptr ? shape.tokens : min(shape.tokens, max(0, shape.lengths[sample]));
    return {head_rows(inputs.query, sample, head), head_rows(inputs.key, sample, head),
            head_rows(inputs.value, sample, head),
            inputs.factors == nullptr ? nullptr : inputs.factors + task * shape.tokens * shape.slots, tokens};
}

void begin_memories(const RunningSlotsShape& shape, const RunningSlotsInputs& inputs, int64_t task,
                    const SlotScratch& scratch) {
    const Rows<const float> keys = head_rows(inputs.key_slots, task / shape.heads, task % shape.heads);
    const Rows<const float> values = head_rows(inputs.value_slots, task / shape.heads, task % shape.heads);
    for (int64_t slot = 0; slot < shape.slots; ++slot) {
        copy_line(keys.at(slot), shape.head_dim, shape.scale, scratch.key.slots + slot * scratch.line);
        copy_line(values.at(slot), shape.head_dim, shape.scale, scratch.value.slots + slot * scratch.line);
    }
    const SlotMemory* const memories[] = {&scratch.key, &scratch.value};
    for (const SlotMemory* memory : memories) {
        fill_floats(memory->means, shape.slots * scratch.line, 0.0F);
        fill_floats(memory->log_sum_exp, scratch.slots, -infinity);
    }
}

/// Reads a head's state, or writes it.
void move_state(const RunningSlotsShape& shape, float* state, const SlotScratch& scratch, bool read) {
    const auto move = [&](float* kept, float* own, int64_t width) {
        if (read) {
            copy_line(kept, width, 1.0F, own);
        } else {
            store_line(own, width, kept);
        }
    };
    float* place = state;
    const SlotMemory* const memories[] = {&scratch.key, &scratch.value};
    for (const SlotMemory* memory : memories) {
        for (int64_t slot = 0; slot < shape.slots; ++slot, place += shape.head_dim) {
            move(place, memory->means + slot * scratch.line, shape.head_dim);
        }
    }
    for (const SlotMemory* memory : memories) {
        for (int64_t slot = 0; slot < shape.slots; ++slot, ++place) {
            float& own = memory->log_sum_exp[slot];
            if (read) {
                own = *place;
            } else {
                *place = own;
            }
        }
    }
}

/// Reads a token, takes it into the memories and finds the scores and the weights of the slots. The shares stand in the
/// scratch, or where `trace` says.
void read_token(const RunningSlotsShape& shape, const SlotHead& head, int64_t token, const SlotScratch& scratch,
                const SlotTrace* trace) {
    copy_line(head.query.at(token), shape.head_dim, shape.scale, scratch.query_line);
    copy_line(head.key.at(token), shape.head_dim, 1.0F, scratch.key_line);
    copy_line(head.value.at(token), shape.head_dim, 1.0F, scratch.value_line);
    take_token(scratch.key, scratch.key_line, shape.slots, scratch, trace ? trace->key_old : scratch.old_share,
               trace ? trace->key_new : scratch.new_share);
    take_token(scratch.value, scratch.value_line, shape.slots, scratch, trace ? trace->value_old : scratch.old_share,
               trace ? trace->value_new : scratch.new_share);
    slot_products(scratch.key.means, scratch.query_line, shape.slots, scratch, scratch.scores);
    slot_softmax(scratch.scores, shape.slots, scratch, scratch.weights);
    for (int64_t slot = 0; slot < shape.slots; ++slot) {
        scratch.factors[slot] = head.factors == nullptr ? 1.0F : head.factors[token * shape.slots + slot];
    }
}

void forward_head(const RunningSlotsForward& args, int64_t task, const SlotScratch& scratch) {
    const RunningSlotsShape& shape = args.shape;
    const SlotHead head = slot_head(shape, args.inputs, task);
    const Rows<float> output = head_rows(args.output, task / shape.heads, task % shape.heads);
    float* state = args.state == nullptr ? nullptr : args.state + task * running_slots_state(shape);
    begin_memories(shape, args.inputs, task, scratch);
    if (state != nullptr) move_state(shape, state, scratch, true);
    for (int64_t token = 0; token < head.tokens; ++token) {
        read_token(shape, head, token, scratch, nullptr);
        for (int64_t slot = 0; slot < shape.slots; ++slot) scratch.weights[slot] *= scratch.factors[slot];
        mix_rows(scratch.value.means, scratch.weights, 1.0F, shape.slots, scratch.line, false, scratch.output_line);
        store_line(scratch.output_line, shape.head_dim, output.at(token));
    }
    fill_rows(output, head.tokens, shape.tokens, shape.head_dim, 0.0F);
    if (state != nullptr) move_state(shape, state, scratch, false);
}

/// The pass of backward from the first token to the last: gradients of the queries, and what the other pass needs.
void trace_head(const RunningSlotsBackward& args, int64_t task, const SlotHead& head, const SlotScratch& scratch) {
    const RunningSlotsShape& shape = args.shape;
    const Rows<const float> d_output = head_rows(args.d_output, task / shape.heads, task % shape.heads);
    const Rows<float> d_query = head_rows(args.d_query, task / shape.heads, task % shape.heads);
    begin_memories(shape, args.inputs, task, scratch);
    for (int64_t token = 0; token < head.tokens; ++token) {
        const SlotTrace trace = trace_of(scratch, token);
        read_token(shape, head, token, scratch, &trace);
        copy_line(d_output.at(token), shape.head_dim, 1.0F, scratch.output_line);
        slot_products(scratch.value.means, scratch.output_line, shape.slots, scratch, trace.weight_times_product);
        float mean = 0.0F;
        for (int64_t slot = 0; slot < shape.slots; ++slot) {
            trace.weight[slot] = scratch.weights[slot] * scratch.factors[slot];
            trace.weight_times_product[slot] *= trace.weight[slot];
            mean += trace.weight_times_product[slot];
        }
        for (int64_t slot = 0; slot < shape.slots; ++slot) {
            trace.d_score[slot] = trace.weight_times_product[slot] - scratch.weights[slot] * mean;
            trace.d_score_times_score[slot] = trace.d_score[slot] * scratch.scores[slot];
        }
        mix_rows(scratch.key.means, trace.d_score, shape.scale, shape.slots, scratch.line, false, scratch.output_line);
        store_line(scratch.output_line, shape.head_dim, d_query.at(token));
    }
}

/// What a memory's gradient is made of in the pass from the last token to the first.
struct MemoryGradient {
    const SlotMemory& memory;
    float* d_means;  ///< of the mean of this token, with what later means took over from it
    float* rest;     ///< the same of mean times gradient
    float* d_slots;  ///< over scale
};

/// One token of one memory, whose line is `line`. `share` times `source` is the gradient of its mean and `product` that
/// times the mean; `later` the old share at the next token (null behind the last), `now` the own. Leaves the gradient
/// of the line in output_line.
void backward_token(const MemoryGradient& gradient, const float* share, const float* source, const float* product,
                    const float* later, const float* now, const float* line, int64_t slots, float scale,
                    const SlotScratch& scratch) {
    for (int64_t slot = 0; slot < slots; ++slot) {
        // Old shares of 0 or NaN at the last token would be those of a token that is not there.
        scratch.old_share[slot] = later == nullptr ? 0.0F : later[slot];
        gradient.rest[slot] = gradient.rest[slot] * scratch.old_share[slot] + product[slot];
    }
    blend_rows(gradient.d_means, scratch.old_share, share, source, slots, scratch.line);
    mix_rows(gradient.d_means, now, 1.0F, slots, scratch.line, false, scratch.output_line);
    slot_products(gradient.d_means, line, slots, scratch, scratch.new_share);
    for (int64_t slot = 0; slot < slots; ++slot) {
        scratch.new_share[slot] = now[slot] * (scratch.new_share[slot] - gradient.rest[slot]);
        scratch.old_share[slot] = 1.0F;
    }
    // The slots hold the scale already.
    mix_rows(gradient.memory.slots, scratch.new_share, 1.0F, slots, scratch.line, true, scratch.output_line);
    for (int64_t slot = 0; slot < slots; ++slot) scratch.new_share[slot] *= scale;
    blend_rows(gradient.d_slots, scratch.old_share, scratch.new_share, line, slots, scratch.line);
}

void backward_head(const RunningSlotsBackward& args, int64_t task, const SlotScratch& scratch) {
    const RunningSlotsShape& shape = args.shape;
    const int64_t sample = task / shape.heads, own = task % shape.heads;
    const SlotHead head = slot_head(shape, args.inputs, task);
    trace_head(args, task, head, scratch);
    const Rows<const float> d_output = head_rows(args.d_output, sample, own);
    const Rows<float> d_key = head_rows(args.d_key, sample, own), d_value = head_rows(args.d_value, sample, own);
    const MemoryGradient keys = {scratch.key, scratch.d_key_means, scratch.key_rest, scratch.d_key_slots};
    const MemoryGradient values = {scratch.value, scratch.d_value_means, scratch.value_rest, scratch.d_value_slots};
    const MemoryGradient* const gradients[] = {&keys, &values};
    for (const MemoryGradient* gradient : gradients) {
        fill_floats(gradient->d_means, shape.slots * scratch.line, 0.0F);
        fill_floats(gradient->d_slots, shape.slots * scratch.line, 0.0F);
        fill_floats(gradient->rest, scratch.slots, 0.0F);
    }
    for (int64_t token = head.tokens - 1; token >= 0; --token) {
        const SlotTrace trace = trace_of(scratch, token);
        const bool last = token + 1 == head.tokens;
        const SlotTrace next = trace_of(scratch, last ? token : token + 1);
        copy_line(head.query.at(token), shape.head_dim, shape.scale, scratch.query_line);
        copy_line(head.key.at(token), shape.head_dim, 1.0F, scratch.key_line);
        backward_token(keys, trace.d_score, scratch.query_line, trace.d_score_times_score,
                       last ? nullptr : next.key_old, trace.key_new, scratch.key_line, shape.slots, shape.scale,
                       scratch);
        store_line(scratch.output_line, shape.head_dim, d_key.at(token));
        copy_line(d_output.at(token), shape.head_dim, 1.0F, scratch.query_line);
        copy_line(head.value.at(token), shape.head_dim, 1.0F, scratch.value_line);
        backward_token(values, trace.weight, scratch.query_line, trace.weight_times_product,
                       last ? nullptr : next.value_old, trace.value_new, scratch.value_line, shape.slots, shape.scale,
                       scratch);
        store_line(scratch.output_line, shape.head_dim, d_value.at(token));
    }
    const HeadView* const views[] = {&args.d_query, &args.d_key, &args.d_value};
    for (const HeadView* view : views) {
        fill_rows(head_rows(*view, sample, own), head.tokens, shape.tokens, shape.head_dim, 0.0F);
    }
    const Rows<float> d_key_slots = head_rows(args.d_key_slots, sample, own);
    const Rows<float> d_value_slots = head_rows(args.d_value_slots, sample, own);
    for (int64_t slot = 0; slot < shape.slots; ++slot) {
        store_line(keys.d_slots + slot * scratch.line, shape.head_dim, d_key_slots.at(slot));
        store_line(values.d_slots + slot * scratch.line, shape.head_dim, d_value_slots.at(slot));
    }
}

template <class Args, class Head>
void for_each_slot_head(const Args& args, bool backward, const Head& head) {
    const RunningSlotsShape& shape = args.shape;
    SlotScratch sizes_only;
    const int64_t floats = lay_out_slots(shape, backward, nullptr, &sizes_only);
    const int64_t cost = 6 * shape.tokens * shape.slots * shape.head_dim;
    for_each_task_with_scratch(args.workspace, floats, shape.batch * shape.heads, cost,
                               [&](int64_t begin, int64_t end, float* memory) {
                                   SlotScratch scratch;
                                   lay_out_slots(shape, backward, memory, &scratch);
                                   for (int64_t task = begin; task < end; ++task) head(args, task, scratch);
                               });
}

void running_slots_forward(const RunningSlotsForward& args) {
    for_each_slot_head(args, false, forward_head);
}

void running_slots_backward(const RunningSlotsBackward& args) {
    for_each_slot_head(args, true, backward_head);
}

int64_t running_slots_workspace(const RunningSlotsShape& shape, bool backward) {
    SlotScratch scratch;
    return task_workspace(lay_out_slots(shape, backward, nullptr, &scratch));
}

}  // namespace

}  // namespace slots

extern const RunningSlotsKernels running_slots;
const RunningSlotsKernels running_slots = {slots::running_slots_forward, slots::running_slots_backward,
                                           slots::running_slots_workspace};

}  // namespace heed::HEED_ISA
