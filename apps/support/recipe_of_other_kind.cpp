#include "heed/apps/support/recipe_of_other_kind.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/kinds/registry.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/setting_key.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/run/run_folder.h"
#include "heed/trainers/run/run_target.h"

namespace heed {
namespace {

/// The settings but for those of attention. Throws UserError where one says what the model says.
std::vector<std::string> settings_of_recipe(const FinetuneCommand& command) {
    std::vector<std::string> settings;
    for (const std::string& setting : command.overrides) {
        const std::string key = setting_key(setting);
        if (key == "init" || key == "init_strict") {
            throw UserError(
                fmt::format("{} cannot be given: heed finetune starts from {}, with a new head", key, command.target));
        }
        if (key.starts_with("tokenizer.")) {
            throw UserError(
                fmt::format("{} cannot be given: the words are those of {}, with its tokenizer", key, command.target));
        }
        if (!key.starts_with("attention.")) settings.push_back(setting);
    }
    return settings;
}

/// The tokenizer of a model as settings: the file of it in the run folder.
std::vector<std::string> tokenizer_settings(const std::string& path, const CheckpointFacts& facts,
                                            const Recipe& before) {
    std::vector<std::string> settings;
    for (const auto& [name, tokenizer] : facts.data->tokenizers()) {
        settings.push_back("tokenizer.type=" + tokenizer->kind);
        settings.push_back("tokenizer.lower=" + before.value("tokenizer", "lower"));
        if (tokenizer->kind == "byte") {
            settings.emplace_back("tokenizer.file=");
            continue;
        }
        const std::optional<std::string> run = run_of_checkpoint(path);
        const std::string file = run ? *run + "/" + name + "." + tokenizer->kind : "";
        if (!run || !path_exists(file)) {
            throw UserError(
                fmt::format("{} has no {}.{} beside it, which tokenizer.file has to name: expected a "
                            "checkpoint in its run folder",
                            path, name, tokenizer->kind));
        }
        settings.push_back("tokenizer.file=" + std::filesystem::absolute(file).lexically_normal().string());
    }
    return settings;
}

/// Throws UserError where what is new in the model would stay as it was drawn.
void check_head_is_trained(const TrainOptions& train, const std::vector<std::string>& only, const TrainingKind& kind,
                           const std::string& target) {
    const std::vector<std::string>& trained = only.empty() ? train.only : only;
    for (const std::string& beginning : kind.class_parameters()) {
        const auto fits = [&](const std::string& pattern) {
            return (beginning + "weight").find(pattern) != std::string::npos;
        };
        if (!trained.empty() && std::none_of(trained.begin(), trained.end(), fits)) {
            throw UserError(
                fmt::format("train.only ({}) leaves out the head, which is new to {}: expected --only head "
                            "beside it",
                            listed(trained), target));
        }
        if (std::any_of(train.freeze.begin(), train.freeze.end(), fits)) {
            throw UserError(
                fmt::format("train.freeze ({}) leaves out the head, which is new to {}", listed(train.freeze), target));
        }
    }
}

/// What of the recipe gives way to these settings of the model, as "model.dim 128 (not 64)". Throws UserError where
/// the command line says otherwise than they do.
std::vector<std::string> given_way(const Recipe& asked, const std::vector<std::string>& settings,
                                   const std::string& target) {
    std::vector<std::string> changes;
    for (const std::string& setting : settings) {
        const std::string key = setting_key(setting), value = setting.substr(key.size() + 1);
        const size_t dot = key.find('.');
        const std::string section = key.substr(0, dot == std::string::npos ? 0 : dot);
        const std::string leaf = dot == std::string::npos ? key : key.substr(dot + 1);
        const Source::Kind source = asked.section(section).source(leaf).kind;
        const std::string was = asked.value(section, leaf);
        if (source == Source::Kind::default_value || was == value) continue;
        if (source == Source::Kind::command_line) {
            throw UserError(fmt::format("command line: {} {} is not the {} of {}, whose encoder the model has", key,
                                        was, value, target));
        }
        changes.push_back(fmt::format("{} {} (not {})", key, value.empty() ? "\"\"" : value, was));
    }
    return changes;
}

}  // namespace

RecipeOfOtherKind recipe_of_other_kind(const FinetuneCommand& command, const std::string& path,
                                       const CheckpointFacts& facts) {
    const std::string& target = command.target;
    std::vector<std::string> settings = settings_of_recipe(command);
    Recipe before = parse_recipe(recipe_spec(), facts.recipe, "the recipe in " + path, {});
    const Recipe asked = read_recipe(recipe_spec(), command.recipe, settings);
    const TrainingKind& kind = kind_of(asked);
    if (&kind == &facts.data->kind()) {
        throw UserError(
            fmt::format("{} is {} already, as {} trains one: expected settings alone (heed finetune {} "
                        "data.name={} ...)",
                        target, kind.model_name(), command.recipe, target, asked.section("data").choice()));
    }
    std::vector<std::string> of_model = kind.settings_to_begin_with({target, before, *facts.data}, asked);
    check_head_is_trained(asked.options<TrainOptions>("train"), command.only, kind, target);
    for (std::string& setting : tokenizer_settings(path, facts, before)) of_model.push_back(std::move(setting));
    of_model.push_back("init=" + std::filesystem::absolute(path).lexically_normal().string());
    of_model.emplace_back("init_strict=false");
    std::vector<std::string> changes = given_way(asked, of_model, target);
    const std::string was = attention_text(asked), now = attention_text(before);
    if (was != now) changes.push_back(fmt::format("attention {} (not {})", now, was));
    settings.insert(settings.end(), of_model.begin(), of_model.end());
    Recipe recipe = read_recipe(recipe_spec(), command.recipe, settings);
    recipe.take_sections("attention", std::move(before));
    return {command.recipe + " for " + target, recipe.resolved_yaml(),
            std::filesystem::path(runs_folder(recipe)).filename().string(),
            changes.empty() ? "" : fmt::format("the model is that of {}: {}", target, listed(changes))};
}

}  // namespace heed
