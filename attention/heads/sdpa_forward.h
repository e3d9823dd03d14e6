#pragma once

// Scaled dot-product attention forward. Part of sdpa_cpu.isa.cpp alone, hence the unnamed namespace.

#include "heed/attention/heads/sdpa_blocks.h"
#include "heed/attention/heads/sdpa_kernels.h"

namespace heed::HEED_ISA {

namespace {

void forward_block(const SdpaForward& args, uint32_t threshold, const QueryBlock& block, const Scratch& scratch) {
    const SdpaShape& shape = args.shape;
    const int64_t head_dim = shape.head_dim;
    const int64_t width = round_up(block.count, lanes);
    const int64_t output_width = round_up(head_dim, lanes);
    const Rows<const float> query = head_rows(args.query, block.sample, block.head);
    const Rows<const float> key = head_rows(args.key, block.sample, block.head);
    const Rows<const float> value = head_rows(args.value, block.sample, block.head);
    const Rows<float> output = head_rows(args.output, block.sample, block.head);
    float* log_sum_exp = args.log_sum_exp + (block.sample * shape.heads + block.head) * shape.queries + block.first;
    float* max_score = scratch.per_query[0];
    float* sum = scratch.per_query[1];
    float* factor = scratch.per_query[2];
    for (int64_t i = 0; i < width; i += lanes) {
        store(max_score + i, broadcast(-infinity));
        store(sum + i, zero());
    }
    pack_transposed(query.at(block.first), query.stride, block.count, head_dim, shape.scale, scratch.query);
    for (int64_t first_key = block.first_visible; first_key < block.visible; first_key += key_block) {
        const int64_t keys = min(key_block, block.visible - first_key);
        const ScoreTile tile = key_query_products(key.at(first_key), key.stride, keys, scratch.query, block.count,
                                                  head_dim, scratch.scores);
        fill_hidden(shape, block, first_key, tile, -infinity);
        online_softmax(tile, max_score, sum, factor);
        if (threshold != 0) drop_weights(tile, tile_dropout(shape, threshold, block, first_key));
        const bool first = first_key == block.first_visible;
        if (!first) scale_rows(scratch.output, output_width, factor, block.count);
        const FullRows values = full_rows(value, first_key, keys, head_dim, scratch.rows[0]);
        add_over_keys(tile, block.count, last_key_of_first_query(shape, block, first_key), values, output_width, !first,
                      scratch.output, output_width, first_key_of_first_query(shape, block, first_key));
    }
    if (!block.sees_keys()) {
        fill_rows(output, block.first, block.first + block.count, head_dim, 0.0F);
    } else {
        const float keep_scale = 1.0F / (1.0F - shape.dropout);
        for (int64_t i = 0; i < block.count; ++i) {
            // The sum is 0 only where a query sees no key.
            const vf normaliser = broadcast(sum[i] == 0.0F ? 0.0F : keep_scale / sum[i]);
            const float* from = scratch.output + i * output_width;
            float* to = output.at(block.first + i);
            int64_t c = 0;
            for (; c + lanes <= head_dim; c += lanes) store(to + c, load(from + c) * normaliser);
            if (c < head_dim) store_partial(to + c, load(from + c) * normaliser, head_dim - c);
        }
    }
    for (int64_t i = 0; i < block.count; i += lanes) {
        const vf total = load(sum + i);
        const vf result = log_of_sum(load(max_score + i), total);
        store_partial(log_sum_exp + i, result, min(lanes, block.count - i));
    }
}

void forward(const SdpaForward& args) {
    const SdpaShape& shape = args.shape;
    const uint32_t threshold = drop_threshold(static_cast<double>(shape.dropout));
    const int64_t blocks = query_blocks(shape);
    for_each_task(shape, args.workspace, shape.batch * shape.heads * blocks, task_cost(shape),
                  [&](int64_t task, const Scratch& scratch) {
                      const int64_t head = task / blocks;
                      forward_block(args, threshold,
                                    query_block_at(shape, head / shape.heads, head % shape.heads, task % blocks),
                                    scratch);
                  });
}

}  // namespace

}  // namespace heed::HEED_ISA
