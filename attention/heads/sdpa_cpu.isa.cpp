#include "heed/attention/heads/sdpa_backward.h"
#include "heed/attention/heads/sdpa_forward.h"

namespace heed::HEED_ISA {

namespace {

void weights_block(const SdpaWeights& args, const QueryBlock& block, const Scratch& scratch) {
    const SdpaShape& shape = args.shape;
    const Rows<const float> query = head_rows(args.query, block.sample, block.head);
    const Rows<const float> key = head_rows(args.key, block.sample, block.head);
    float* weights =
        args.weights + ((block.sample * shape.heads + block.head) * shape.queries + block.first) * shape.keys;
    pack_transposed(query.at(block.first), query.stride, block.count, shape.head_dim, shape.scale, scratch.query);
    load_log_sum_exp(shape, args.log_sum_exp, block, scratch.per_query[0]);
    for (int64_t first_key = block.first_visible; first_key < block.visible; first_key += key_block) {
        const int64_t keys = min(key_block, block.visible - first_key);
        const ScoreTile tile = key_query_products(key.at(first_key), key.stride, keys, scratch.query, block.count,
                                                  shape.head_dim, scratch.scores);
        weights_of_scores(tile, scratch.per_query[0]);
        fill_hidden(shape, block, first_key, tile, 0.0F);
        for (int64_t i = 0; i < block.count; ++i) {
            for (int64_t j = 0; j < keys; ++j) {
                weights[i * shape.keys + first_key + j] = tile.scores[j * tile.stride + i];
            }
        }
    }
    for (int64_t i = 0; i < block.count; ++i) {
        const int64_t hidden = min(block.first_visible, shape.keys);
        for (int64_t j = 0; j < hidden; ++j) weights[i * shape.keys + j] = 0.0F;
        for (int64_t j = max(hidden, block.visible); j < shape.keys; ++j) weights[i * shape.keys + j] = 0.0F;
    }
}

void weights(const SdpaWeights& args) {
    const SdpaShape& shape = args.shape;
    const int64_t blocks = query_blocks(shape);
    for_each_task(shape, args.workspace, shape.batch * shape.heads * blocks, task_cost(shape),
                  [&](int64_t task, const Scratch& scratch) {
                      const int64_t head = task / blocks;
                      weights_block(args, query_block_at(shape, head / shape.heads, head % shape.heads, task % blocks),
                                    scratch);
                  });
}

}  // namespace

extern const SdpaKernels sdpa;
const SdpaKernels sdpa = {forward, backward, weights, workspace};

}  // namespace heed::HEED_ISA
