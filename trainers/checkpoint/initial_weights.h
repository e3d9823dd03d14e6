#pragma once

#include <string>
#include <vector>

#include "heed/core/module/parameter_store.h"
#include "heed/trainers/kinds/data_facts.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// Opens what `init` of the recipe names and returns false where it is empty: a safetensors file, or a run folder,
/// which means its best checkpoint. UserErrors name the key and where it was given.
bool check_initial_weights(const Recipe& recipe);

/// The same, and copies the weights into the model of `store`, which is one for these data; what the log should say of
/// it. UserError too where they do not fit the model (see load_weights), were trained for other classes or with another
/// tokenizer, or are not finite. With init_strict: false what fits is taken (see load_fitting_weights); of other
/// classes and words the head and the vectors of words are new.
std::vector<std::string> load_initial_weights(const Recipe& recipe, ParameterStore& store, Module& model,
                                              const DataFacts& data);

}  // namespace heed
