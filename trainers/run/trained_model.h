#pragma once

#include <memory>
#include <string>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/module/parameter_store.h"
#include "heed/trainers/kinds/any_model.h"

namespace heed {

/// A model with its parameters, as a checkpoint holds it.
struct TrainedModel {
    Recipe recipe;
    DataFacts facts;
    int64_t step = 0;
    AnyModel model;
    std::unique_ptr<ParameterStore> store;

    /// Loads RUN (its best checkpoint, else its last) or CHECKPOINT. `overrides` change the recipe ("data.root=...").
    /// The tensors must be exactly those of the model, and all values finite.
    static TrainedModel load(Context& context, const std::string& run_or_checkpoint,
                             const std::vector<std::string>& overrides);
};

/// The checkpoint file meant by a run folder (best, else last) or a file. Throws UserError when there is none.
std::string checkpoint_file(const std::string& run_or_checkpoint);

}  // namespace heed
