#include "heed/attention/smyrf/smyrf_backward.h"
#include "heed/attention/smyrf/smyrf_forward.h"
#include "heed/attention/smyrf/smyrf_group.h"

namespace heed::HEED_ISA {

namespace {

void add_weights(const SmyrfWeights& args, const SmyrfChunk& chunk, const ChunkScratch& scratch) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t head_dim = shape.head_dim;
    const int64_t width = round_up(head_dim, lanes);
    const int64_t row = (chunk.sample * shape.heads + chunk.head) * shape.queries;
    for (int64_t first = 0; first < chunk.queries; first += query_block) {
        const int64_t count = min(query_block, chunk.queries - first);
        const int32_t* index = token_numbers(chunk.query_index, chunk.first_query, first, count, scratch.query_index);
        gather_rows(head_rows(args.query, chunk.sample, chunk.head), index, count, head_dim, scratch.query_rows);
        pack_transposed(scratch.query_rows, width, count, head_dim, shape.scale, scratch.query);
        gather_log_sum_exp(args.log_sum_exp + row, index, count, chunk.multiplicity, scratch.per_query[0]);
        const int64_t visible = visible_keys(chunk, first + count);
        for (int64_t first_key = 0; first_key < visible; first_key += key_block) {
            const int64_t keys = min(key_block, visible - first_key);
            const int32_t* key_index =
                token_numbers(chunk.key_index, chunk.first_key, first_key, keys, scratch.key_index);
            gather_rows(head_rows(args.key, chunk.sample, chunk.head), key_index, keys, head_dim, scratch.key_rows);
            const ScoreTile tile =
                key_query_products(scratch.key_rows, width, keys, scratch.query, count, head_dim, scratch.scores);
            weights_of_scores(tile, scratch.per_query[0]);
            fill_future(tile, last_key_of(chunk, first, first_key), 0.0F);
            for (int64_t i = 0; i < count; ++i) {
                float* to = args.weights + (row + index[i]) * shape.keys;
                for (int64_t j = 0; j < keys; ++j) to[key_index[j]] += tile.scores[j * tile.stride + i];
            }
        }
    }
}

void weights(const SmyrfWeights& args) {
    const SdpaShape& shape = args.shape.heads;
    const int64_t all = shape.batch * shape.heads * shape.queries * shape.keys;
    for (int64_t i = 0; i < all; ++i) args.weights[i] = 0.0F;
    for (int64_t pass = 0; pass < smyrf_passes(args.shape); ++pass) {
        for_each_chunk(args, pass, 1, [&](const SmyrfChunk& chunk, const ChunkScratch& scratch) {
            add_weights(args, chunk, scratch);
        });
    }
}

}  // namespace

extern const SmyrfKernels smyrf;
const SmyrfKernels smyrf = {sort, group, forward, backward, weights, sort_workspace, group_workspace, workspace};

}  // namespace heed::HEED_ISA
