#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>

#include "heed/apps/commands.h"
#include "heed/apps/commit.h"
#include "heed/apps/support/measured_data.h"
#include "heed/apps/support/recipe_of_other_kind.h"
#include "heed/apps/support/training_exit.h"
#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/trainers/checkpoint/checkpoint_facts.h"
#include "heed/trainers/conversion/changed_layers.h"
#include "heed/trainers/kinds/registry.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/setting_key.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/record/shell_argument.h"
#include "heed/trainers/run/run_folder.h"
#include "heed/trainers/run/run_target.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {
namespace {

bool is_given(const std::vector<std::string>& settings, const std::string& key) {
    return std::any_of(settings.begin(), settings.end(),
                       [&](const std::string& setting) { return setting.starts_with(key + "="); });
}

/// The name of the run that the checkpoint lies in, or of the file.
std::string name_of_model(const std::string& checkpoint) {
    namespace fs = std::filesystem;
    const std::string run = run_of_checkpoint(checkpoint).value_or("");
    if (!run.empty() && path_exists(RunPaths(run).recipe())) {
        const Recipe recipe = read_recipe(recipe_spec(), RunPaths(run).recipe(), {});
        return fs::path(runs_folder(recipe)).filename().string();
    }
    return fs::path(checkpoint).stem().string();
}

/// "sdpa (smyrf in layers 4-5)" as a part of a folder's name.
std::string as_file_name(const std::string& text) {
    std::string name;
    for (const char c : text) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
        if (plain) name += c;
        if (!plain && !name.empty() && name.back() != '-') name += '-';
    }
    while (name.ends_with('-')) name.pop_back();
    return name;
}

/// Where the files of tokenizers lie that a recipe names from another folder: beside the model, under the same name.
std::vector<std::string> tokenizer_files(const std::string& checkpoint, const Recipe& recipe) {
    namespace fs = std::filesystem;
    std::vector<std::string> settings;
    const fs::path run = run_of_checkpoint(checkpoint).value_or("");
    if (run.empty()) return settings;
    for (const Setting& setting : recipe.explain()) {
        if (setting.key != "tokenizer.file" && setting.key != "tokenizer.target_file") continue;
        const fs::path beside = fs::absolute(run / fs::path(setting.value).filename()).lexically_normal();
        if (setting.value.empty() || path_exists(setting.value) || !path_exists(beside)) continue;
        settings.push_back(setting.key + "=" + beside.string());
    }
    return settings;
}

std::string command_text(const FinetuneCommand& command) {
    std::string text = "heed finetune " + shell_argument(command.target);
    if (!command.recipe.empty()) text += " " + shell_argument(command.recipe);
    for (const std::string& setting : command.overrides) text += " " + shell_argument(setting);
    for (const std::string& only : command.only) text += " --only " + shell_argument(only);
    return text;
}

void add_only(const FinetuneCommand& command, std::vector<std::string>& settings) {
    if (command.only.empty()) return;
    std::string only = "train.only=[";
    for (const std::string& pattern : command.only) only += (only.ends_with('[') ? "" : ", ") + pattern;
    settings.push_back(only + "]");
}

void check_types(const FinetuneCommand& command, const CheckpointFacts& facts, const Recipe& before,
                 const Recipe& recipe) {
    const std::unique_ptr<Module> model = facts.data->kind().make_model(before, *facts.data);
    model->assign_names();
    const std::string remark = check_asked_types(command.overrides, before, recipe, *model);
    if (!remark.empty()) fmt::print(stderr, "heed: note: {}\n", remark);
}

/// What a fine-tuning differs in from the training that made the model, as far as the user leaves it open: it starts
/// from its weights, takes a quarter of its length, and has a folder of its own.
std::vector<std::string> settings_of(const FinetuneCommand& command, const std::string& path,
                                     const CheckpointFacts& facts) {
    const std::string name = "the recipe in " + path;
    std::vector<std::string> settings = with_data_folder(command.target, command.overrides);
    if (is_given(settings, "init")) {
        throw UserError("init cannot be given: heed finetune starts from " + command.target);
    }
    settings.push_back("init=" + std::filesystem::absolute(path).lexically_normal().string());
    const Recipe before = parse_recipe(recipe_spec(), facts.recipe, name, {});
    for (const std::string& setting : tokenizer_files(path, before)) {
        if (!is_given(settings, setting_key(setting))) settings.push_back(setting);
    }
    const auto& trained = before.options<TrainOptions>("train");
    const auto quarter = [](int64_t length) { return std::to_string(std::max<int64_t>(1, (length + 3) / 4)); };
    if (!is_given(settings, "train.epochs") && !is_given(settings, "train.steps")) {
        settings.push_back(trained.steps > 0 ? "train.steps=" + quarter(trained.steps)
                                             : "train.epochs=" + quarter(trained.epochs));
    }
    add_only(command, settings);
    const Recipe recipe = parse_recipe(recipe_spec(), facts.recipe, name, settings);
    if (const TrainingKind& kind = kind_of(recipe); &kind != &facts.data->kind()) {
        throw UserError(recipe.placed(fmt::format(
            "data.name {} holds {}, but {} is {}, which it stays with settings alone: expected a recipe of what it "
            "becomes (heed finetune {} RECIPE)",
            recipe.section("data").choice(), kind.name(), command.target, facts.data->kind().model_name(),
            command.target)));
    }
    check_types(command, facts, before, recipe);
    if (!is_given(settings, "run.name")) {
        settings.push_back("run.name=" + name_of_model(path) + "-" + as_file_name(attention_text(recipe)));
    }
    return settings;
}

/// A training by the recipe of another kind has its length, and is called after both, and after an attention that was
/// asked for.
TrainRequest request_of_other_kind(const FinetuneCommand& command, const std::string& path,
                                   const CheckpointFacts& facts) {
    const RecipeOfOtherKind made = recipe_of_other_kind(command, path, facts);
    TrainRequest request;
    request.recipe = made.name;
    request.recipe_text = made.text;
    request.overrides = command.overrides;
    add_only(command, request.overrides);
    const Recipe before = parse_recipe(recipe_spec(), facts.recipe, "the recipe in " + path, {});
    const Recipe recipe = parse_recipe(recipe_spec(), made.text, made.name, request.overrides);
    check_types(command, facts, before, recipe);
    if (!made.note.empty()) fmt::print(stderr, "heed: note: {}\n", made.note);
    if (!is_given(request.overrides, "run.name")) {
        const std::string swapped =
            attention_text(recipe) == attention_text(before) ? "" : "-" + as_file_name(attention_text(recipe));
        request.overrides.push_back("run.name=" + name_of_model(path) + "-" + made.run_name + swapped);
    }
    return request;
}

}  // namespace

int run(const FinetuneCommand& command) {
    const std::string path = checkpoint_file(command.target);
    const CheckpointFacts facts = read_checkpoint_facts(SafetensorsFile(path));
    TrainRequest request;
    if (command.recipe.empty()) {
        request.recipe = "the recipe in " + path;
        request.recipe_text = facts.recipe;
        request.overrides = settings_of(command, path, facts);
    } else {
        request = request_of_other_kind(command, path, facts);
    }
    request.commit = source_commit();
    request.command = command_text(command);
    return train_to_exit_code(request);
}

}  // namespace heed
