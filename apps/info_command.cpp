#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "heed/apps/commands.h"
#include "heed/apps/support/saved_model.h"
#include "heed/trainers/inspection/attention_places.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/run/checkpoint.h"
#include "heed/trainers/run/run_folder.h"

namespace heed {
namespace {

void print_parameters(const ParameterStore& store) {
    size_t width = 0;
    for (const Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts()) width = std::max(width, part.name.size());
    }
    int64_t total = 0;
    for (const Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            const Shape shape = parameter->part_shape(part);
            fmt::print("  {:<{}}  {:>16}  {:>10}\n", part.name, width, shape.to_string(), shape.elements());
            total += shape.elements();
        }
    }
    fmt::print("  {:<{}}  {:>16}  {:>10}\n", "in all", width, "", total);
}

/// Whether and how far the run in the folder went.
std::string run_progress(const RunPaths& paths, const CheckpointFacts& last) {
    const int64_t step = last.progress.step;
    std::error_code ignored;
    std::string of;
    if (std::filesystem::exists(paths.recipe(), ignored)) {
        const TrainOptions train = read_recipe(recipe_spec(), paths.recipe(), {}).options<TrainOptions>("train");
        of = train.steps > 0 ? fmt::format(" of {}", train.steps) : fmt::format(" ({} epochs asked for)", train.epochs);
    }
    return fmt::format("{} after {} steps{}",
                       run_state(paths) == RunState::finished ? "finished" : "not finished, saved", step, of);
}

void print_line(const char* name, const std::string& value) {
    fmt::print("{:<12}{}\n", name, value);
}

void print_data_and_model(const TrainedModel& trained) {
    const DataFacts& facts = trained.facts;
    const std::string& type = trained.recipe.section("model").choice();
    if (trained.model.translations) {
        const TranslationInput& texts = facts.translation_input();
        print_line("data", fmt::format("{}: sentences of up to {} tokens, translations of up to {}", facts.name,
                                       texts.max_source_tokens, texts.max_target_tokens));
        print_line("tokenizer",
                   fmt::format("{}, {} source and {} target tokens{}", texts.source_tokenizer.kind,
                               texts.source_vocabulary, texts.target_vocabulary, texts.joint ? " (the same)" : ""));
        print_line("model",
                   fmt::format("{}: {} multiply-adds for a pair of {} and {} tokens", type,
                               trained.model.translations->multiplies(texts.max_source_tokens, texts.max_target_tokens),
                               texts.max_source_tokens, texts.max_target_tokens));
    } else if (trained.model.texts) {
        const TextInput& texts = facts.text_input();
        print_line("data", fmt::format("{}: texts of up to {} tokens, {} classes", facts.name, texts.max_tokens,
                                       facts.class_names.size()));
        print_line("tokenizer", fmt::format("{}, {} tokens", texts.tokenizer.kind, texts.vocabulary));
        print_line("model", fmt::format("{}: {} multiply-adds for a text of {} tokens", type,
                                        trained.model.texts->multiplies(texts.max_tokens), texts.max_tokens));
    } else {
        const ImageClassifier& model = *trained.model.images;
        print_line("data", fmt::format("{}: {} images, {} classes", facts.name, to_string(facts.image_input().shape),
                                       facts.class_names.size()));
        print_line("model",
                   fmt::format("{}: {} tokens, {} multiply-adds an image", type, model.tokens(), model.multiplies()));
    }
}

const char* compared_by(const DataFacts& data) {
    return data.texts && data.texts->several_labels ? "micro F1" : "accuracy";
}

}  // namespace

int run(const InfoCommand& command) {
    const std::string path = checkpoint_file(command.target);
    const CheckpointFacts facts = read_checkpoint_facts(SafetensorsFile(path));
    const SavedModel saved = load_saved_model(path, {});
    const Recipe& recipe = saved.trained.recipe;
    if (const auto folder = run_of_checkpoint(path)) {
        const RunPaths paths(*folder);
        std::error_code ignored;
        const bool resumable = std::filesystem::exists(paths.last_checkpoint(), ignored);
        print_line(
            "run",
            fmt::format("{}: {}", *folder,
                        resumable ? run_progress(paths, read_checkpoint_facts(SafetensorsFile(paths.last_checkpoint())))
                                  : "no state to go on from"));
    }
    print_line("checkpoint", path);
    print_line("written by", facts.versions);
    print_line("trained", fmt::format("{} steps, {} epochs", facts.progress.step, facts.progress.position.epoch));
    if (facts.progress.best_step > 0) {
        const double score = facts.progress.best_score;
        print_line("validation", fmt::format("{} at best, after step {}",
                                             facts.data.translations
                                                 ? fmt::format("loss {:.4f}", -score)
                                                 : fmt::format("{} {:.2f} %", compared_by(facts.data), 100 * score),
                                             facts.progress.best_step));
    }
    print_data_and_model(saved.trained);
    print_line("attention", attention_text(recipe));
    fmt::print("\nparameters\n");
    print_parameters(*saved.trained.store);
    fmt::print("\nrecipe\n");
    for (const Setting& setting : recipe.explain()) fmt::print("  {} = {}\n", setting.key, setting.value);
    return 0;
}

}  // namespace heed
