#include "heed/attention/smyrf/smyrf_work.h"

#include <algorithm>

#include "heed/attention/smyrf/smyrf_layout.h"

namespace heed {

namespace {

int64_t cluster_pairs(int64_t queries, int64_t keys, int64_t chunks) {
    int64_t pairs = 0;
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
        pairs += (smyrf_border(chunk + 1, chunks, queries) - smyrf_border(chunk, chunks, queries)) *
                 (smyrf_border(chunk + 1, chunks, keys) - smyrf_border(chunk, chunks, keys));
    }
    return pairs;
}

/// Of `queries` queries that each meet one of the chunks of `keys` sorted keys; chunks differ by at most one key.
SmyrfWork list_work(int64_t queries, int64_t keys, int64_t cluster) {
    const int64_t chunks = smyrf_list_chunks(keys, cluster);
    if (chunks == 1) return {queries * keys, 0, 0};
    return {queries * ((keys + chunks - 1) / chunks), 0, queries * chunks + keys};
}

}  // namespace

SmyrfWork smyrf_work(SmyrfForm form, int64_t queries, int64_t keys, int64_t rounds, int64_t cluster, int64_t block) {
    if (form == SmyrfForm::clusters) {
        const int64_t chunks = smyrf_chunks(queries, keys, cluster);
        if (chunks == 1) return {queries * keys, 0, 0};
        return {rounds * cluster_pairs(queries, keys, chunks), 0, rounds * (queries + keys)};
    }
    if (form == SmyrfForm::causal_cross) {
        const SmyrfWork work = list_work(queries, keys, cluster);
        if (smyrf_list_chunks(keys, cluster) == 1) return work;
        return {rounds * work.pairs, 0, rounds * work.choosing};
    }
    block = smyrf_block(block, cluster);
    SmyrfWork work{};
    for (int64_t first = 0; first < keys; first += block) {
        const int64_t tokens = std::min(block, keys - first);
        work.pairs += tokens * (tokens + 1) / 2;
        work.hidden += tokens * (tokens - 1) / 2;
    }
    for (int64_t size = block; size < keys; size *= 2) {
        for (int64_t first = size; first < keys; first += 2 * size) {
            const SmyrfWork list = list_work(std::min(size, keys - first), size, cluster);
            work.pairs += rounds * list.pairs;
            work.choosing += rounds * list.choosing;
        }
    }
    return work;
}

}  // namespace heed
