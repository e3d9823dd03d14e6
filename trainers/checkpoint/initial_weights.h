#pragma once

#include <optional>
#include <string>
#include <vector>

#include "heed/core/module/parameter_store.h"
#include "heed/trainers/checkpoint/checkpoint_facts.h"
#include "heed/trainers/kinds/data_facts.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// What load_initial_weights did.
struct LoadedWeights {
    std::vector<std::string> lines;  ///< for the log
    std::vector<std::string> added;  ///< parameters that keep their first values
};

/// Opens what `init` of the recipe names and returns false where it is empty: a safetensors file, or a run folder,
/// which means its best checkpoint. UserErrors name the key and where it was given.
bool check_initial_weights(const Recipe& recipe);

/// What the checkpoint that `init` names tells of itself; nothing where it is none of Heed, or empty.
std::optional<CheckpointFacts> initial_facts(const Recipe& recipe);

/// Throws UserError where that was trained for other classes or with another tokenizer than these data have.
void check_initial_facts(const Recipe& recipe, const DataFacts& data);

/// The same as check_initial_weights, and copies the weights into the model of `store`, which is one for these data.
/// UserError too where they do not fit the model (see load_weights), were trained for other classes or with another
/// tokenizer, or are not finite. With init_strict: false what fits is taken (see load_fitting_weights); of other
/// classes and words, and of another kind of training, the head and the vectors of words are new.
LoadedWeights load_initial_weights(const Recipe& recipe, ParameterStore& store, Module& model, const DataFacts& data);

}  // namespace heed
