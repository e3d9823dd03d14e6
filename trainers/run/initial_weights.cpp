#include "heed/trainers/run/initial_weights.h"

#include <filesystem>

#include "heed/core/error.h"
#include "heed/core/files/safetensors.h"
#include "heed/trainers/loop/finite.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/run/checkpoint.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {

namespace {

/// "command line: init: ...": where `init` is given. It is no word that an error's own text could be searched for.
std::string placed_init(const Recipe& recipe, const std::string& error) {
    for (const Setting& setting : recipe.explain()) {
        if (setting.key == "init") return setting.source + ": init: " + error;
    }
    return "init: " + error;
}

/// Opens the file and hands it to `use`.
template <class F>
bool use_initial_weights(const Recipe& recipe, F&& use) {
    const std::string& init = recipe.options<GeneralOptions>("").init;
    if (init.empty()) return false;
    try {
        std::error_code ignored;
        use(SafetensorsFile(std::filesystem::is_directory(init, ignored) ? checkpoint_file(init) : init));
    } catch (const UserError& error) {
        throw UserError(placed_init(recipe, error.what()));
    }
    return true;
}

}  // namespace

bool check_initial_weights(const Recipe& recipe) {
    return use_initial_weights(recipe, [](const SafetensorsFile&) {});
}

bool load_initial_weights(const Recipe& recipe, ParameterStore& store) {
    return use_initial_weights(recipe, [&](const SafetensorsFile& file) {
        load_weights(file, store);
        const std::string bad = first_non_finite_parameter(store);
        if (!bad.empty()) {
            throw UserError(file.path() + " cannot be used: " + bad + " holds numbers that are not finite");
        }
    });
}

bool has_other_tokenizer(const Recipe& recipe, const DataFacts& data) {
    bool other = false;
    use_initial_weights(recipe, [&](const SafetensorsFile& file) {
        for (const auto& [name, tokenizer] : data.tokenizers()) {
            const StoredTensor* stored = file.find("data." + name);
            if (stored == nullptr) continue;
            const std::string_view bytes(reinterpret_cast<const char*>(stored->bytes.data()), stored->bytes.size());
            other = other || bytes != tokenizer->bytes;
        }
    });
    return other;
}

}  // namespace heed
