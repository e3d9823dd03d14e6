#pragma once

#include <cstdint>
#include <memory>

#include "heed/core/device/context.h"
#include "heed/core/module/parameter_store.h"
#include "heed/trainers/benchmark/attention_benchmark_options.h"

namespace heed {

/// Random sequences of one length for one pattern, which the layers of all types share.
struct AttentionPassInputs {
    AttentionPassInputs(Context& context, const AttentionBenchmarkOptions& options, AttentionPattern pattern,
                        int64_t length);

    Tensor query;     ///< [batch, length, dim]
    Tensor source;    ///< the same in cross-attention; else undefined
    Tensor d_output;  ///< [batch, length, dim]: the gradient that backward starts from
};

/// What a forward and a backward pass took, beside what was there before: weights, their gradients, inputs.
struct AttentionPassCost {
    double forward_seconds = 0.0;
    double total_seconds = 0.0;  ///< forward and backward
    int64_t forward_bytes = 0;   ///< most that tensors had at once, by the engine's own count
    int64_t total_bytes = 0;
};

/// A layer of an attention type.
class AttentionPasses {
public:
    /// Throws UserError where there can be no such layer. It has no weights before the first pass.
    AttentionPasses(const AttentionBenchmarkOptions& options, const BenchmarkedType& type, AttentionPattern pattern,
                    int64_t length);

    /// In training mode, recorded and with the gradients of weights and inputs, as CAB measures. On a device that is
    /// not the host each part ends when the device has done it. Throws Error where there is not enough memory.
    AttentionPassCost run(Context& context, const AttentionPassInputs& inputs);

    /// Multiply-adds of a forward pass.
    double multiplies() const { return multiplies_; }

private:
    std::unique_ptr<Attention> layer_;
    std::unique_ptr<ParameterStore> store_;
    double multiplies_;
    uint32_t passes_ = 0;
};

}  // namespace heed
