#pragma once

#include <memory>
#include <string>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/module/module.h"
#include "heed/core/module/parameter_store.h"
#include "heed/trainers/kinds/data_facts.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// A model with its parameters, as a checkpoint holds it.
struct TrainedModel {
    Recipe recipe;
    SharedFacts facts;
    int64_t step = 0;
    std::unique_ptr<Module> model;
    std::unique_ptr<ParameterStore> store;

    /// The model as that of a kind. Throws Error where it is another's.
    template <class Model>
    Model& model_as() const {
        auto* typed = dynamic_cast<Model*>(model.get());
        if (!typed) throw Error("the model is of another kind than " + facts->name + " has");
        return *typed;
    }

    /// Loads RUN (its best checkpoint, else its last) or CHECKPOINT. `overrides` change the recipe ("data.root=...").
    /// The tensors must be exactly those of the model, and all values finite.
    static TrainedModel load(Context& context, const std::string& run_or_checkpoint,
                             const std::vector<std::string>& overrides);
    /// The model that another recipe makes for the data of `like`, its weights random.
    static TrainedModel untrained(Context& context, Recipe recipe, const TrainedModel& like);
};

/// The checkpoint file meant by a run folder (the mean of the best where it was better, else best, else last) or a
/// file. Throws UserError when there is none.
std::string checkpoint_file(const std::string& run_or_checkpoint);

}  // namespace heed
