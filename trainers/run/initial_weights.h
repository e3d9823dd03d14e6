#pragma once

#include "heed/core/module/parameter_store.h"
#include "heed/trainers/kinds/data_facts.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// Opens what `init` of the recipe names and returns false where it is empty: a safetensors file, or a run folder,
/// which means its best checkpoint. UserErrors name the key.
bool check_initial_weights(const Recipe& recipe);

/// The same, and copies the weights into the model of `store`. UserError too where they do not fit it (see
/// load_weights) or are not finite.
bool load_initial_weights(const Recipe& recipe, ParameterStore& store);

/// Whether the file named by `init` has tokenizers that differ from those of `data`, so that its word vectors belong to
/// other words.
bool has_other_tokenizer(const Recipe& recipe, const DataFacts& data);

}  // namespace heed
