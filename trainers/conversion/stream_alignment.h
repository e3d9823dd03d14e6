#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "heed/attention/conversion/token_rows.h"
#include "heed/core/module/parameter_store.h"
#include "heed/trainers/loop/task.h"

namespace heed {

/// An attention layer of a model and the one that has taken its place.
struct SwappedLayer {
    Attention* old = nullptr;
    Attention* now = nullptr;
};

/// Trains swapped attention layers without labels, each alone, on what the new model gives it. Its target there is what
/// brings the residual stream back to that of the old model for the same samples: the output of the old layer on the
/// old model's input, plus the old stream, minus the new one. So a layer makes good what those before it have lost,
/// which a copy of the old layer's output would hand on.
class StreamAlignment {
public:
    /// `store` is that of `now`; all must outlive it.
    StreamAlignment(Module& old, Module& now, std::vector<SwappedLayer> layers, ParameterStore& store);

    /// `steps` steps of Adam on one batch of training samples each, all layers at once, each with the mean squared
    /// error over the variation of its target; the learning rate falls to 0 by a cosine. `task` is one of the new
    /// model.
    void run(Task& task, int64_t batch, uint64_t seed, int64_t steps, double lr);

    /// For each layer, 1 - SSE / SST of its outputs against those targets on at least `samples` training samples, or
    /// 65,536 tokens of them.
    std::vector<double> r2(Task& task, int64_t batch, uint64_t seed, int64_t samples);

private:
    /// Shows both models the first batch in the order of `seed`; returns the number of its samples. `use` is given the
    /// number of a layer and a batch of it: the input in the new model and the rows of its target.
    using Use = std::function<void(size_t, const AttentionInput&, const TokenRows&)>;
    int64_t show(Task& task, int64_t batch, uint64_t seed, const Use& use);

    Module& old_;
    Module& now_;
    std::vector<SwappedLayer> layers_;
    ParameterStore& store_;
};

}  // namespace heed
