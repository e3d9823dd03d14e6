#pragma once

#include <string>
#include <vector>

#include "heed/trainers/recipe/recipe.h"

namespace heed {

struct TrainRequest {
    std::string recipe;                  ///< path of a recipe file, or, to resume, of a run folder or its recipe.yaml
    std::vector<std::string> overrides;  ///< "model.dim=128"
    bool resume = false;
    std::vector<std::string> changes = {};  ///< settings that a resumed run changes on purpose: "optimizer.lr=0.01"
    std::string commit = {};                ///< of the program's source, for the record of the run
    std::string recipe_text = {};           ///< in the place of a file, which `recipe` then names in errors alone
    std::string command = {};               ///< as the user gave it; empty: heed train with all of these
};

/// What a call of `train` means.
struct RunTarget {
    Recipe recipe;
    std::string folder = {};  ///< of the run; empty: the next number in runs_folder(recipe)
    bool resumes = false;     ///< the folder exists and is gone on with, if only from its beginning
};

/// Reads the recipe, with overrides and changes, and decides on the folder. Throws UserError where either is missing or
/// they contradict each other.
RunTarget find_run_target(const TrainRequest& request);

/// What a recipe's runs are called where it does not say: "mnist-vit" of "recipes/mnist/vit.yaml".
std::string default_run_name(const std::string& recipe_file);

/// Folder of a recipe's runs: "runs/<name>", where the name is run.name or the recipe's folder and file.
std::string runs_folder(const Recipe& recipe);

}  // namespace heed
