#include "heed/trainers/checkpoint/initial_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "heed/core/error.h"
#include "heed/core/files/safetensors.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/checkpoint/checkpoint.h"
#include "heed/trainers/checkpoint/fitting_weights.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/loop/finite.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {

namespace {

/// Opens the file and hands it to `use`.
template <class F>
bool use_initial_weights(const Recipe& recipe, F&& use) {
    const std::string& init = recipe.options<GeneralOptions>("").init;
    if (init.empty()) return false;
    try {
        std::error_code ignored;
        use(SafetensorsFile(std::filesystem::is_directory(init, ignored) ? checkpoint_file(init) : init));
    } catch (const UserError& error) {
        throw UserError(recipe.section("").source("init").text() + ": init: " + error.what());
    }
    return true;
}

/// Names of tokenizers of which the file has others than the data, so that its word vectors belong to other words.
std::vector<std::string> other_tokenizers(const SafetensorsFile& file, const DataFacts& data) {
    std::vector<std::string> names;
    for (const auto& [name, tokenizer] : data.tokenizers()) {
        const StoredTensor* stored = file.find(tokenizer_prefix + name);
        if (stored == nullptr) continue;
        const std::string_view bytes(reinterpret_cast<const char*>(stored->bytes.data()), stored->bytes.size());
        if (bytes != tokenizer->bytes) names.push_back(name);
    }
    return names;
}

/// Whether the names of both are known and not the same, in the same order.
bool has_other_classes(const DataFacts& known, const DataFacts& data) {
    const auto unknown = [](const std::vector<std::string>& names) {
        return std::all_of(names.begin(), names.end(), [](const std::string& name) { return name.empty(); });
    };
    return !unknown(known.class_names) && !unknown(data.class_names) && known.class_names != data.class_names;
}

constexpr const char* way_out = "; init_strict: false takes over what fits";

void refuse_others(const SafetensorsFile& file, const DataFacts& data) {
    if (!is_checkpoint(file)) return;
    const SharedFacts known = read_checkpoint_facts(file).data;
    if (has_other_classes(*known, data)) {
        throw UserError(fmt::format("{} was trained for other classes ({}) than the data have ({}){}", file.path(),
                                    listed(known->class_names), listed(data.class_names), way_out));
    }
    if (!other_tokenizers(file, data).empty()) {
        throw UserError(fmt::format(
            "{} was trained with another tokenizer, so that its word vectors belong to other words (tokenizer.file "
            "takes a SentencePiece model or BERT vocabulary out of a run folder){}",
            file.path(), way_out));
    }
}

WeightsFit compare(const SafetensorsFile& file, const Module& model, const DataFacts& data) {
    const TrainingKind& kind = data.kind();
    WeightsFit fit;
    const auto add_foreign = [&](const std::vector<std::string>& beginnings) {
        fit.foreign.insert(fit.foreign.end(), beginnings.begin(), beginnings.end());
    };
    fit.to = kind.patch_grid(model);
    if (is_checkpoint(file)) {
        const CheckpointFacts facts = read_checkpoint_facts(file);
        const TrainingKind& other = facts.data->kind();
        if (&other != &kind || has_other_classes(*facts.data, data)) add_foreign(kind.class_parameters());
        const Recipe recipe = parse_recipe(recipe_spec(), facts.recipe, "the recipe in " + file.path(), {});
        fit.from = other.patch_grid(*other.make_model(recipe, *facts.data));
    } else {
        fit.from = kind.patch_grid(file);
    }
    const std::vector<std::string> others = other_tokenizers(file, data);
    fit.same_words = is_checkpoint(file) && others.empty() && !data.tokenizers().empty();
    for (const std::string& name : others) add_foreign(kind.word_parameters(name));
    return fit;
}

}  // namespace

bool check_initial_weights(const Recipe& recipe) {
    return use_initial_weights(recipe, [](const SafetensorsFile&) {});
}

std::optional<CheckpointFacts> initial_facts(const Recipe& recipe) {
    std::optional<CheckpointFacts> facts;
    use_initial_weights(recipe, [&](const SafetensorsFile& file) {
        if (is_checkpoint(file)) facts = read_checkpoint_facts(file);
    });
    return facts;
}

void check_initial_facts(const Recipe& recipe, const DataFacts& data) {
    use_initial_weights(recipe, [&](const SafetensorsFile& file) { refuse_others(file, data); });
}

LoadedWeights load_initial_weights(const Recipe& recipe, ParameterStore& store, Module& model, const DataFacts& data) {
    const GeneralOptions& options = recipe.options<GeneralOptions>("");
    LoadedWeights loaded;
    use_initial_weights(recipe, [&](const SafetensorsFile& file) {
        loaded.lines.push_back("starting from the weights in " + options.init);
        if (options.init_strict) {
            refuse_others(file, data);
            load_weights(file, store);
        } else {
            FittedWeights fitted = load_fitting_weights(file, store, compare(file, model, data));
            for (std::string& line : fitted.lines()) loaded.lines.push_back(std::move(line));
            loaded.added = std::move(fitted.added);
        }
        const std::string bad = first_non_finite_parameter(store);
        if (!bad.empty()) {
            throw UserError(file.path() + " cannot be used: " + bad + " holds numbers that are not finite");
        }
    });
    return loaded;
}

}  // namespace heed
