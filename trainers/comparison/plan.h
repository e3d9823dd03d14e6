#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// What is to be compared: a recipe with several attention types and seeds.
struct ComparisonRequest {
    std::string recipe;                  ///< file
    std::vector<std::string> overrides;  ///< "train.epochs=3"; an attention.* goes to the types that have it
    std::vector<std::string> types;      ///< names of attention types
    int64_t seeds = 5;                   ///< from train.seed on
    std::string folder;                  ///< of the comparison
};

/// One training of a comparison.
struct PlannedRun {
    std::string recipe;  ///< file
    std::string task;    ///< where a comparison has several; else empty
    std::string type;
    int64_t seed = 0;
    std::vector<std::string> chosen = {};  ///< settings that its type has on top: of a grid, or to match sizes
    bool test = true;                      ///< whether it reads the test set at its end
    std::string folder;
    std::vector<std::string> settings;  ///< all that replace those of the recipe, run.dir included

    /// "super, seed 2, optimizer.lr=1e-3", with the task in front
    std::string text() const;
};

/// The runs of a comparison, in folders of their own below that of the comparison.
class ComparisonPlan {
public:
    /// Reads the recipe with every type. Throws UserError for settings that cannot be, or that the comparison decides.
    explicit ComparisonPlan(ComparisonRequest request);

    const ComparisonRequest& request() const { return request_; }
    /// With the first of the types.
    const Recipe& recipe() const { return recipe_; }
    const std::vector<int64_t>& seeds() const { return seeds_; }

    PlannedRun run(const std::string& type, int64_t seed, const std::vector<std::string>& chosen, bool test) const;
    Recipe recipe_of(const PlannedRun& run) const;
    /// Throws UserError where its settings cannot be, or, naming them, where its folder holds a run of others.
    void check_folder(const PlannedRun& run) const;

private:
    std::vector<std::string> settings_of(const std::string& type) const;

    ComparisonRequest request_;
    Recipe recipe_;
    std::vector<int64_t> seeds_;
};

/// Whether nothing is left to be done for the run.
bool is_done(const PlannedRun& run);

/// What differs between the run that is in a folder and a recipe, but for how it is trained: "model.dim was 8, is now
/// 16 (command line)"; empty where nothing does or no run is there.
std::string changed_settings(const std::string& folder, const Recipe& now);

/// Throws UserError where a key is one that no comparison takes, as its options decide it.
void check_not_decided(const std::string& key);

/// Where a comparison of a recipe goes unless told: "runs/compare/mnist-vit".
std::string comparison_folder(const std::string& recipe, const std::string& name);

}  // namespace heed
