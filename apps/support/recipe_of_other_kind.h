#pragma once

#include <string>
#include <vector>

#include "heed/apps/command_line.h"
#include "heed/trainers/checkpoint/checkpoint_facts.h"

namespace heed {

/// The recipe of a training that begins with a model of another kind (`heed finetune RUN RECIPE`).
struct RecipeOfOtherKind {
    std::string name;      ///< for errors
    std::string text;      ///< with the model's sizes, attention and tokenizer, and the weights to begin with
    std::string run_name;  ///< of the recipe, without the model's
    std::string note;      ///< what of the recipe gives way to the model; empty: nothing
};

/// That of command.recipe for the checkpoint in `path`. Settings of attention are left out, as they swap that of the
/// model. Throws UserError, naming the key, where no model of the recipe's kind begins with this one, a setting of the
/// command line contradicts it, or the new head would not be trained.
RecipeOfOtherKind recipe_of_other_kind(const FinetuneCommand& command, const std::string& path,
                                       const CheckpointFacts& facts);

}  // namespace heed
