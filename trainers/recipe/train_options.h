#pragma once

#include "heed/core/settings/fields.h"

namespace heed {

/// How long and in which order a model is trained, and what is done on the way.
struct TrainOptions : Options {
    int64_t epochs = 10;
    int64_t steps = 0;
    int64_t seed = 1;
    bool shuffle = true;
    double label_smoothing = 0;
    int64_t accumulate = 1;
    double clip = 1;
    std::vector<std::string> freeze;
    std::vector<std::string> only;
    double ema = 0;
    int64_t patience = 0;
    int64_t eval_every = 1;
    int64_t eval_steps = 0;
    int64_t keep_best = 1;
    bool average_best = false;
    int64_t checkpoint_every = 0;
    int64_t watch_every = 0;
    bool test = true;
    int64_t exact_reduce = 0;
    bool shard_optimizer = false;
    double rank_timeout = 60;

    void describe(Fields& fields) override;
    void validate() const override;
};

}  // namespace heed
