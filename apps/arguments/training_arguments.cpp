#include "heed/apps/arguments/training_arguments.h"

#include <CLI/CLI.hpp>

#include "heed/apps/arguments/arguments.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/reference_page.h"

namespace heed {

TrainingArguments::TrainingArguments(CLI::App& app) {
    CLI::App* train = add_command(app, "train", "train a model as a recipe says");
    train->add_option("recipe", train_.recipe, "recipe file; with --resume also a run folder")->required();
    train->add_option("settings", train_.overrides, overrides_help);
    train
        ->add_flag("--resume", train_.resume,
                   "go on with the given run (train.epochs=30 makes it longer), with that in run.dir, or with the "
                   "recipe's latest")
        ->disable_flag_override();
    train
        ->add_option("--change", train_.changes,
                     "with --resume: a setting that the run changes from here on, such as optimizer.lr=1e-4 (each "
                     "change with a --change of its own)")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    train->footer(settings_list(recipe_spec()));

    CLI::App* finetune = add_command(app, "finetune",
                                     "train a trained model on, with another attention where one is given, or a masked "
                                     "language model as the text classifier of a recipe");
    finetune->add_option("target", finetune_.target, target_help)->required();
    add_recipe(
        finetune, finetune_.recipe, finetune_.overrides,
        "recipe of a text classifier that a masked language model becomes: data and training are the recipe's, "
        "encoder, attention and tokenizer the model's",
        "settings that replace those of the recipe or, without one, of the model's training (key=value), which then "
        "takes a quarter of that unless train.epochs or train.steps are given");
    finetune
        ->add_option("--only", finetune_.only,
                     "train nothing but the parameters that have this in their names, such as attention (the same "
                     "as train.only)")
        ->type_name("NAME")
        ->allow_extra_args(false);
    finetune->footer(settings_list(recipe_spec()));

    CLI::App* check =
        add_command(app, "check", "validate a recipe without training: settings and their sources, size, memory");
    check->add_option("recipe", check_.recipe, "recipe file")->required();
    check->add_option("settings", check_.overrides, overrides_help);
    check->add_flag("--data", check_.data, "open the data as train does, tokenizers included");
    check->footer(settings_list(recipe_spec()));
}

std::optional<Command> TrainingArguments::command(const std::string& name) {
    if (name == "train") return train_;
    if (name == "finetune") return finetune_;
    if (name == "check") return check_;
    return std::nullopt;
}

}  // namespace heed
