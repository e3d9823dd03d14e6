#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heed/attention/conversion/fit_layer.h"
#include "heed/core/module/parameter_store.h"
#include "heed/trainers/conversion/convert_options.h"
#include "heed/trainers/conversion/stream_alignment.h"
#include "heed/trainers/loop/task.h"

namespace heed {

/// What became of one attention layer.
struct ConvertedLayer {
    std::string name;      ///< "encoder.layers.0.attention"
    std::string from, to;  ///< types
    LayerFit fit;
    /// Of what enters the residual stream behind the layer (StreamAlignment::r2), before and after convert.align.
    std::optional<double> stream_r2, aligned_r2;
};

/// What became of the attention layers of a model that have another type now, in the order of a forward pass.
struct ModelConversion {
    int64_t samples = 0;  ///< of the calibration
    int64_t align = 0;    ///< steps
    std::vector<ConvertedLayer> layers;

    /// A table, a line each: layer, types, R2 of keys and outputs.
    std::vector<std::string> lines() const;
};

/// Gives a model the weights of another one that differs from it in its attention alone. Throws UserError, naming the
/// first parameter, where they differ in more.
class Converter {
public:
    /// `store` is that of `now`; all must outlive it.
    Converter(Module& old, Module& now, ParameterStore& store);

    /// Without data: exact where the forms allow it (convert_weights).
    ModelConversion run();

    /// One layer after the other is fitted on what the model, as far as it is converted, gives it for training samples
    /// (fit_layer), then all are trained for options.align steps (StreamAlignment) and keep the fit where that came out
    /// worse on average. `task` is one of the new model; `batch` counts as in Task::epoch_steps.
    ModelConversion run(Task& task, int64_t batch, uint64_t seed, const ConvertOptions& options);

private:
    void copy_other_parameters(Module& old, Module& now);
    /// Inputs of one layer in the model as it is now.
    LayerInputs inputs_of(const std::string& layer, Task& task, int64_t batch, uint64_t seed, int64_t samples,
                          int64_t& seen) const;
    void align(Task& task, int64_t batch, uint64_t seed, const ConvertOptions& options, ModelConversion& conversion);

    Module& old_;
    Module& now_;
    ParameterStore& store_;
    std::vector<SwappedLayer> changed_;
};

}  // namespace heed
