#include "heed/trainers/recipe/recipe_spec.h"

#include "heed/attention/registry.h"
#include "heed/datasets/images/augmentation/augment_options.h"
#include "heed/datasets/images/sets/registry.h"
#include "heed/datasets/text/sets/parallel_data_set.h"
#include "heed/datasets/text/sets/text_data_set.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/layers/models/models.h"
#include "heed/trainers/decoding/beam_search_options.h"
#include "heed/trainers/kinds/data_kind.h"
#include "heed/trainers/optimizers/registry.h"
#include "heed/trainers/recipe/class_weight_options.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/run_options.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed {
namespace {

/// What a model learns from.
const char* kind_of_data(ModelKind kind) {
    switch (kind) {
        case ModelKind::image_classifier:
            return data_kind::images;
        case ModelKind::text_classifier:
            return data_kind::texts;
        case ModelKind::translator:
            return data_kind::translations;
    }
    return "";
}

struct NoOptions final : Options {
    void describe(Fields&) override {}
};

std::vector<SectionChoice> models() {
    std::vector<SectionChoice> choices;
    for (const ModelType& type : model_types()) {
        choices.push_back({type.name, type.summary, type.make_options, kind_of_data(type.kind)});
    }
    return choices;
}

std::vector<SectionChoice> attentions() {
    std::vector<SectionChoice> choices;
    for (const AttentionType& type : attention_types()) choices.push_back({type.name, type.summary, type.make_options});
    return choices;
}

/// The attention of one place of a translator.
SectionSpec attention_of(const char* name, const char* help) {
    SectionSpec spec = {name, help, "type", "same", {{"same", "what attention says", new_options<NoOptions>}}};
    for (SectionChoice& choice : attentions()) spec.choices.push_back(std::move(choice));
    spec.kinds = {data_kind::translations};
    return spec;
}

std::vector<SectionChoice> data_sets() {
    std::vector<SectionChoice> choices;
    const auto add = [&](const auto& registry, const std::string& kind) {
        for (const auto& entry : registry) choices.push_back({entry.name, entry.summary, entry.make_options, kind});
    };
    add(image_data_sets(), data_kind::images);
    add(text_data_sets(), data_kind::texts);
    add(parallel_data_sets(), data_kind::translations);
    return choices;
}

SectionSpec data() {
    SectionSpec spec = {"data", "What it learns from.", "name", "", data_sets()};
    spec.decides_kind = true;
    return spec;
}

template <class T>
SectionSpec untyped(const char* name, const char* help, std::vector<std::string> kinds = {}) {
    SectionSpec spec = {name, help, "", "", {{"", "", new_options<T>}}};
    spec.kinds = std::move(kinds);
    return spec;
}

SectionSpec training() {
    SectionSpec spec = untyped<TrainOptions>("train", "How long and in which order it is trained.");
    spec.alternatives = {{"epochs", "steps"}};
    return spec;
}

}  // namespace

const RecipeSpec& recipe_spec() {
    static const RecipeSpec spec = {
        untyped<GeneralOptions>("", "Keys without a section."),
        {"model", "The model that is trained.", "type", "", models()},
        {"attention", "The attention of all its layers.", "type", "sdpa", attentions()},
        attention_of("attention.encoder", "The self-attention of a translator's encoder."),
        attention_of("attention.decoder", "The self-attention of a translator's decoder."),
        attention_of("attention.cross", "The attention of a translator's decoder to the encoder."),
        data(),
        untyped<AugmentOptions>("data.augment",
                                "How training images are changed at random; validation and test never are.",
                                {data_kind::images}),
        untyped<TokenizerOptions>("tokenizer", "How texts are cut into tokens.",
                                  {data_kind::texts, data_kind::translations}),
        untyped<BeamSearchOptions>("decoding", "How translations are searched.", {data_kind::translations}),
        training(),
        untyped<ClassWeightOptions>("train.classes", "How much each class counts in the loss of training.",
                                    {data_kind::images, data_kind::texts}),
        {"optimizer", "How its weights are changed.", "type", "adamw", optimizer_types()},
        untyped<RunOptions>("run", "Where the results go."),
    };
    return spec;
}

std::string data_kind_of(const Recipe& recipe) {
    for (const SectionSpec& spec : recipe_spec()) {
        if (spec.decides_kind) return spec.find(recipe.section(spec.name).choice())->kind;
    }
    return "";
}

}  // namespace heed
