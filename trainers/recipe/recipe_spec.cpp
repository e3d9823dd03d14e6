#include "heed/trainers/recipe/recipe_spec.h"

#include <algorithm>

#include "heed/trainers/conversion/convert_options.h"
#include "heed/trainers/distillation/distill_options.h"
#include "heed/trainers/kinds/registry.h"
#include "heed/trainers/optimizers/registry.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/run_options.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed {
namespace {

/// The choices that each kind of training brings.
std::vector<SectionChoice> choices_of_kinds(std::vector<SectionChoice> (TrainingKind::*choices)() const) {
    std::vector<SectionChoice> all;
    for (const TrainingKind* kind : training_kinds()) {
        for (SectionChoice& choice : (kind->*choices)()) {
            choice.kind = kind->name();
            all.push_back(std::move(choice));
        }
    }
    return all;
}

SectionSpec data() {
    SectionSpec spec = {"data", "What it learns from.", "name", "", choices_of_kinds(&TrainingKind::data_sets)};
    spec.decides_kind = true;
    return spec;
}

SectionSpec training() {
    SectionSpec spec = untyped_section<TrainOptions>("train", "How long and in which order it is trained.");
    spec.alternatives = {{"epochs", "steps"}, {"eval_every", "eval_steps"}};
    return spec;
}

/// Behind which section of `spec` one of a kind is shown: the one that it belongs to by its name ("data" of
/// "data.augment") or another of that, else what is learnt from.
RecipeSpec::iterator place_of(const std::string& name, RecipeSpec& spec) {
    const size_t dot = name.find('.');
    const std::string owner = dot == std::string::npos ? "data" : name.substr(0, dot);
    auto place = std::find_if(spec.begin(), spec.end(), [&](const SectionSpec& each) { return each.name == owner; });
    const auto common = [](const SectionSpec& each) { return each.kinds.empty(); };
    return std::find_if(place + 1, spec.end(), common);
}

/// Adds the sections that only recipes of some kinds have.
RecipeSpec with_sections_of_kinds(RecipeSpec spec) {
    for (const TrainingKind* kind : training_kinds()) {
        for (SectionSpec& section : kind->sections()) {
            const auto known = std::find_if(spec.begin(), spec.end(),
                                            [&](const SectionSpec& each) { return each.name == section.name; });
            if (known != spec.end()) {
                known->kinds.emplace_back(kind->name());
            } else {
                section.kinds = {kind->name()};
                spec.insert(place_of(section.name, spec), std::move(section));
            }
        }
    }
    return spec;
}

}  // namespace

const RecipeSpec& recipe_spec() {
    static const RecipeSpec spec = with_sections_of_kinds({
        untyped_section<GeneralOptions>("", "Keys without a section."),
        {"model", "The model that is trained.", "type", "", choices_of_kinds(&TrainingKind::models)},
        attention_section(),
        data(),
        training(),
        {"optimizer", "How its weights are changed.", "type", "adamw", optimizer_types()},
        untyped_section<ConvertOptions>("convert",
                                        "How the weights of `init` are carried over where it has another attention."),
        untyped_section<DistillOptions>("distill", "Whether it follows the answers of a trained model."),
        untyped_section<RunOptions>("run", "Where the results go."),
    });
    return spec;
}

}  // namespace heed
