#include "heed/trainers/comparison/experiment.h"

#include <algorithm>
#include <filesystem>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/comparison/named_groups.h"
#include "heed/trainers/recipe/levels.h"

namespace heed {

namespace {

const std::string claims_section = "claims";

Recipe read_levels(const std::string& file, const std::vector<RecipeLevel>& levels) {
    RecipeSpec spec = {untyped_section<Experiment>("", "The experiment."),
                       untyped_section<ExperimentSize>("quick", "Its size for some minutes."),
                       untyped_section<ExperimentSize>("full", "Its size as it was published."),
                       untyped_section<NoSettings>(claims_section.c_str(), "What was claimed.")};
    for (const std::string& name : named_groups(levels, claims_section)) {
        spec.push_back(untyped_section<Claim>(name.c_str(), "A claim."));
    }
    return resolve_levels(spec, file, levels);
}

void check_names(const Recipe& read, const std::string& section, const std::vector<std::string>& names) {
    const auto& claim = read.options<Claim>(section);
    for (const auto& [leaf, name] : {std::pair("type", claim.type), std::pair("than", claim.than)}) {
        if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) continue;
        throw UserError(read.section(section).source(leaf).text() + ": " + section + "." + leaf + " expects one of " +
                        listed(names) + ", got " + quote(name) + did_you_mean(name, names));
    }
}

}  // namespace

void ExperimentSize::describe(Fields& fields) {
    fields.add("seeds", seeds, "seeds for each type").range(1, 1024);
    fields.add("settings", settings, "settings that replace those of the recipe");
}

void Experiment::describe(Fields& fields) {
    fields.add("recipe", recipe, "recipe file, from the folder of this file on");
    fields.add("attention", attention, "attention types");
    fields.add("metric", metric, "of the test set; empty: that of the kind");
    fields.add("margin", margin, "difference that is too small to matter, in the unit of the metric").range(0, 1e6);
    fields.add("grid", grid, "values of a setting out of which each type gets its own, by validation");
}

Experiment read_experiment(const std::string& file) {
    const std::vector<RecipeLevel> levels = file_levels(file, {"file of an experiment", "recipe"});
    const Recipe read = read_levels(file, levels);
    const auto& top = read.options<Experiment>("");
    Experiment experiment;
    experiment.recipe = top.recipe;
    if (!top.recipe.empty()) {
        experiment.recipe = (std::filesystem::path(file).parent_path() / top.recipe).lexically_normal().string();
    }
    experiment.attention = top.attention;
    experiment.metric = top.metric;
    experiment.margin = top.margin;
    experiment.grid = top.grid;
    experiment.quick = read.options<ExperimentSize>("quick");
    experiment.full = read.options<ExperimentSize>("full");
    for (const std::string& name : named_groups(levels, claims_section))
        experiment.claims.push_back(read.options<Claim>(name));
    return experiment;
}

std::vector<Claim> read_claims(const std::string& file, const std::vector<std::string>& names) {
    const std::vector<RecipeLevel> levels = file_levels(file, {"file of claims", "claims"});
    const Recipe read = read_levels(file, levels);
    std::vector<Claim> claims;
    for (const std::string& section : named_groups(levels, claims_section)) {
        if (!names.empty()) check_names(read, section, names);
        claims.push_back(read.options<Claim>(section));
    }
    if (claims.empty()) throw UserError(file + ": expected claims, found none");
    return claims;
}

}  // namespace heed
