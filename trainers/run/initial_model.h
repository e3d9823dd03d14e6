#pragma once

#include <optional>
#include <string>
#include <vector>

#include "heed/trainers/conversion/attention_swap.h"
#include "heed/trainers/run/training.h"

namespace heed {

/// What a new training starts from.
struct InitialModel {
    std::vector<std::string> lines;     ///< for the log
    std::optional<AttentionSwap> swap;  ///< where `init` names a model with other attention
};

/// Gives the training's model the weights that `init` names, if it names any. Those of a checkpoint with other
/// attention are converted as the section "convert" says: with init_strict: false where the layers are alike, and
/// measured where nothing of the model is new. All others have to fit (load_initial_weights). UserErrors name the key.
InitialModel load_initial_model(Training& training);

}  // namespace heed
