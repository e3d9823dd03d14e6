#include "heed/trainers/run/run_target.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/run_options.h"
#include "heed/trainers/run/run_folder.h"

namespace heed {

namespace {

/// The folder of the run that the request names itself, or by the recipe in it; empty: it names a recipe.
std::string named_run(const TrainRequest& request) {
    namespace fs = std::filesystem;
    std::error_code ignored;
    const std::string& file = request.recipe;
    const bool other_folder = std::any_of(request.overrides.begin(), request.overrides.end(),
                                          [](const std::string& setting) { return setting.starts_with("run.dir="); });
    if (fs::is_directory(file, ignored)) {
        const std::string run = RunPaths(file).folder();
        if (!is_run_folder(run)) {
            throw UserError("expected a recipe file or a run folder, but the folder " + run + " holds no run");
        }
        if (!request.resume) throw UserError(run + " is a run folder: --resume goes on with its training");
        if (other_folder) throw UserError("run.dir cannot be given beside the run folder " + run);
        return run;
    }
    if (!request.resume) return "";
    if (!path_exists(file) && fs::path(file).extension() != ".yaml") {
        throw UserError("there is no run folder or recipe " + file + " to resume" + did_you_mean_folder(file));
    }
    const fs::path parent = fs::path(file).parent_path();
    const std::string folder = parent.empty() ? "." : parent.string();
    const bool is_of_run = fs::path(file).filename() == fs::path(RunPaths(folder).recipe()).filename();
    return is_of_run && !other_folder && is_run_folder(folder) ? folder : "";
}

/// The recipe's latest run; empty where it has none, which is an error where the command line gives the name.
std::string latest_of(const Recipe& recipe) {
    const std::string runs = runs_folder(recipe);
    const std::optional<std::string> latest = latest_run_in(runs);
    if (latest) return *latest;
    if (recipe.section("run").source("name").kind == Source::Kind::command_line) {
        throw UserError("run.name: there is no run in " + runs + " to resume" + did_you_mean_folder(runs));
    }
    return "";
}

}  // namespace

RunTarget find_run_target(const TrainRequest& request) {
    if (!request.recipe_text.empty()) {
        RunTarget target{parse_recipe(recipe_spec(), request.recipe_text, request.recipe, request.overrides)};
        target.folder = target.recipe.options<RunOptions>("run").dir;
        return target;
    }
    const std::string run = named_run(request);
    std::vector<std::string> overrides = request.overrides;
    if (!request.changes.empty() && !request.resume) {
        throw UserError("--change " + request.changes.front() +
                        " changes a run that is gone on with: it needs --resume (without, give " +
                        request.changes.front() + " alone)");
    }
    overrides.insert(overrides.end(), request.changes.begin(), request.changes.end());
    if (!run.empty()) overrides.push_back("run.dir=" + run);
    const bool is_folder = !run.empty() && std::filesystem::is_directory(request.recipe);
    const std::string file = is_folder ? RunPaths(run).recipe() : request.recipe;
    RunTarget target{read_recipe(recipe_spec(), file, overrides)};
    target.folder = target.recipe.options<RunOptions>("run").dir;
    if (!request.resume) return target;
    if (target.folder.empty()) target.folder = latest_of(target.recipe);
    target.resumes = !target.folder.empty();
    if (target.resumes && !path_exists(target.folder)) {
        throw UserError("there is no run folder " + target.folder + " to resume" + did_you_mean_folder(target.folder) +
                        "; without --resume a new run begins there");
    }
    return target;
}

std::string default_run_name(const std::string& recipe_file) {
    const std::filesystem::path path(recipe_file);
    const std::string parent = std::filesystem::absolute(path).parent_path().filename().string();
    const std::string stem = path.stem().string();
    return parent.empty() || parent == "recipes" ? stem : parent + "-" + stem;
}

std::string runs_folder(const Recipe& recipe) {
    const std::string& name = recipe.options<RunOptions>("run").name;
    return "runs/" + (name.empty() ? default_run_name(recipe.path()) : name);
}

}  // namespace heed
