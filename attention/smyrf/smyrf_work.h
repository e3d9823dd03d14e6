#pragma once

#include "heed/attention/smyrf/smyrf_kernels.h"

namespace heed {

/// Number of pairs of a query and a key that are computed for n queries and m keys, over all rounds; in the causal
/// forms keys that two rounds find count twice, and the keys of the own block once.
struct SmyrfWork {
    int64_t pairs;
    int64_t hidden;    ///< pairs of the own blocks that the causal mask hides, which are computed as well
    int64_t choosing;  ///< products of queries with directions and mean keys, and of keys with directions
};
SmyrfWork smyrf_work(SmyrfForm form, int64_t queries, int64_t keys, int64_t rounds, int64_t cluster, int64_t block);

}  // namespace heed
