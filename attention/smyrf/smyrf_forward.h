#pragma once

// SMYRF forward, pass by pass. Part of smyrf_cpu.isa.cpp alone, hence the unnamed namespace.

#include "heed/attention/smyrf/smyrf_chunk.h"

namespace heed::HEED_ISA {

namespace {

/// Sums become their logarithms.
void log_of_sums(const float* max_score, float* sum, int64_t count) {
    for (int64_t i = 0; i < count; i += lanes) store(sum + i, log_of_sum(load(max_score + i), load(sum + i)));
}

/// Sums of a pass count `factor` times.
void multiply_sums(float* rows, float* sum, int64_t count, int64_t width, float factor) {
    for (int64_t i = 0; i < count; ++i) {
        sum[i] *= factor;
        for (int64_t c = 0; c < width; c += lanes) store(rows + i * width + c, load(rows + i * width + c) * factor);
    }
}

/// Between passes the output holds sums of exp(score - maximum) v, log_sum_exp the maxima, and `sums` the sums of
/// exp(score - maximum).
void forward_block(const SmyrfForward& args, uint32_t threshold, const SmyrfChunk& chunk, int64_t first, float* sums,
                   const ChunkScratch& scratch) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t head_dim = shape.head_dim;
    const int64_t output_width = round_up(head_dim, lanes);
    const int64_t count = min(query_block, chunk.queries - first);
    const int32_t* index = token_numbers(chunk.query_index, chunk.first_query, first, count, scratch.query_index);
    const int64_t row = (chunk.sample * shape.heads + chunk.head) * shape.queries;
    const Rows<const float> key = head_rows(args.key, chunk.sample, chunk.head);
    const Rows<const float> value = head_rows(args.value, chunk.sample, chunk.head);
    const Rows<float> output = head_rows(args.output, chunk.sample, chunk.head);
    float* max_score = scratch.per_query[0];
    float* sum = scratch.per_query[1];
    float* factor = scratch.per_query[2];
    gather_rows(head_rows(args.query, chunk.sample, chunk.head), index, count, head_dim, scratch.query_rows);
    pack_transposed(scratch.query_rows, output_width, count, head_dim, shape.scale, scratch.query);
    if (chunk.first_pass) {
        for (int64_t i = 0; i < count; i += lanes) {
            store(max_score + i, broadcast(-infinity));
            store(sum + i, zero());
        }
    } else {
        gather_values(args.log_sum_exp + row, index, count, -infinity, max_score);
        gather_values(sums + row, index, count, 0.0F, sum);
        gather_rows({output.data, output.stride}, index, count, head_dim, scratch.sums);
    }
    if (threshold != 0) copy_indices(index, count, scratch.query_index);
    const int64_t visible = visible_keys(chunk, first + count);
    for (int64_t first_key = 0; first_key < visible; first_key += key_block) {
        const int64_t keys = min(key_block, visible - first_key);
        const int32_t* key_index = token_numbers(chunk.key_index, chunk.first_key, first_key, keys, scratch.key_index);
        const int64_t last_key = last_key_of(chunk, first, first_key);
        gather_rows(key, key_index, keys, head_dim, scratch.key_rows);
        gather_rows(value, key_index, keys, head_dim, scratch.value_rows);
        const ScoreTile tile =
            key_query_products(scratch.key_rows, output_width, keys, scratch.query, count, head_dim, scratch.scores);
        fill_future(tile, last_key, -infinity);
        online_softmax(tile, max_score, sum, factor);
        if (threshold != 0) {
            drop_weights(tile, gathered_dropout(shape, threshold, chunk, scratch.query_index, key_index));
        }
        const bool started = first_key > 0 || !chunk.first_pass;
        if (started) scale_rows(scratch.sums, output_width, factor, count);
        add_over_keys(tile, count, last_key, {scratch.value_rows, output_width}, output_width, started, scratch.sums,
                      output_width);
    }
    if (chunk.multiplicity > 1) {
        multiply_sums(scratch.sums, sum, count, output_width, static_cast<float>(chunk.multiplicity));
    }
    if (!chunk.last_pass) {
        for (int64_t i = 0; i < count; ++i) {
            args.log_sum_exp[row + index[i]] = max_score[i];
            sums[row + index[i]] = sum[i];
        }
    } else {
        const float keep_scale = 1.0F / (1.0F - shape.dropout);
        for (int64_t i = 0; i < count; ++i) {
            // The sum is 0 only where all scores are -inf.
            const vf normaliser = broadcast(sum[i] == 0.0F ? 0.0F : keep_scale / sum[i]);
            float* to = scratch.sums + i * output_width;
            for (int64_t c = 0; c < output_width; c += lanes) store(to + c, load(to + c) * normaliser);
        }
        log_of_sums(max_score, sum, count);
        for (int64_t i = 0; i < count; ++i) args.log_sum_exp[row + index[i]] = sum[i];
    }
    scatter_rows(scratch.sums, index, count, head_dim, false, output);
}

/// Ends the sums of causal self-attention, whose queries have different last passes.
void end_sums(const SmyrfForward& args, const float* sums) {
    const SdpaShape& shape = args.shape.heads;
    const float keep_scale = 1.0F / (1.0F - shape.dropout);
    const int64_t blocks = (shape.queries + query_block - 1) / query_block;
    const int64_t grain = max(1, 30000 / (query_block * shape.head_dim));
    parallel_for(shape.batch * shape.heads * blocks, grain, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t head = task / blocks, sample = head / shape.heads;
            const int64_t first = task % blocks * query_block;
            const int64_t last = min(smyrf_query_count(args.shape, sample), first + query_block);
            const Rows<float> output = head_rows(args.output, sample, head % shape.heads);
            float* max_score = args.log_sum_exp + head * shape.queries;
            for (int64_t i = first; i < last; ++i) {
                const float sum = sums[head * shape.queries + i];
                const vf normaliser = broadcast(sum == 0.0F ? 0.0F : keep_scale / sum);
                float* to = output.at(i);
                int64_t c = 0;
                for (; c + lanes <= shape.head_dim; c += lanes) store(to + c, load(to + c) * normaliser);
                if (c < shape.head_dim) {
                    const int64_t left = shape.head_dim - c;
                    store_partial(to + c, load_partial(to + c, left) * normaliser, left);
                }
            }
            for (int64_t i = first; i < last; i += lanes) {
                const int64_t count = min(lanes, last - i);
                const vf total = load_partial(sums + head * shape.queries + i, count);
                store_partial(max_score + i, log_of_sum(load_partial(max_score + i, count), total), count);
            }
        }
    });
}

/// What the queries that take part in nothing get: all of a sample without keys, and the padded ones.
void fill_unused_queries(const SmyrfForward& args, const SmyrfChunk& chunk) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t used =
        smyrf_key_count(args.shape, chunk.sample) > 0 ? smyrf_query_count(args.shape, chunk.sample) : 0;
    fill_rows(head_rows(args.output, chunk.sample, chunk.head), used, shape.queries, shape.head_dim, 0.0F);
    float* log_sum_exp = args.log_sum_exp + (chunk.sample * shape.heads + chunk.head) * shape.queries;
    for (int64_t i = used; i < shape.queries; ++i) log_sum_exp[i] = -infinity;
}

void forward(const SmyrfForward& args) {
    const SdpaShape& shape = args.shape.heads;
    const uint32_t threshold = drop_threshold(static_cast<double>(shape.dropout));
    float* sums = per_query_memory(args.shape, args.workspace);
    for (int64_t pass = 0; pass < smyrf_passes(args.shape); ++pass) {
        for_each_chunk(args, pass, 2, [&](const SmyrfChunk& chunk, const ChunkScratch& scratch) {
            if (chunk.index == 0 && pass == 0) fill_unused_queries(args, chunk);
            if (chunk.keys == 0) return;
            for (int64_t first = 0; first < chunk.queries; first += query_block) {
                forward_block(args, threshold, chunk, first, sums, scratch);
            }
        });
    }
    if (args.shape.form == SmyrfForm::causal_self) end_sums(args, sums);
}

}  // namespace

}  // namespace heed::HEED_ISA
