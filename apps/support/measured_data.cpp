#include "heed/apps/support/measured_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/run/run_folder.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {

namespace {

bool names(const std::string& setting, const std::string& key) {
    return setting.starts_with(key + "=");
}

/// A test file that is given without a folder lies where the command is called, if it is there.
std::string with_absolute_file(const std::string& setting) {
    for (const char* key : {"data.test_file", "data.test_source", "data.test_target"}) {
        if (!names(setting, key)) continue;
        const std::string file = setting.substr(setting.find('=') + 1);
        std::error_code error;
        if (std::filesystem::is_regular_file(file, error)) {
            return std::string(key) + "=" + std::filesystem::absolute(file, error).string();
        }
    }
    return setting;
}

}  // namespace

std::vector<std::string> with_data_folder(const std::string& target, std::vector<std::string> settings) {
    if (std::any_of(settings.begin(), settings.end(),
                    [](const auto& setting) { return names(setting, "data.root"); })) {
        return settings;
    }
    for (std::string& setting : settings) setting = with_absolute_file(setting);
    const std::string run = run_of_checkpoint(checkpoint_file(target)).value_or("");
    if (run.empty() || !path_exists(RunPaths(run).recipe())) return settings;
    const Recipe recipe = read_recipe(recipe_spec(), RunPaths(run).recipe(), {});
    const std::string root = recipe.value("data", "root");
    if (!root.empty()) settings.push_back("data.root=" + root);
    return settings;
}

void check_has_samples(Workload& workload, Split split) {
    if (workload.task().samples(split) > 0) return;
    throw UserError(
        fmt::format("there are no {} {} (data.validation was 0)", split_name(split), workload.facts()->kind().unit()));
}

Split split_named(const std::string& name) {
    for (Split split : {Split::train, Split::validation}) {
        if (name == split_name(split)) return split;
    }
    return Split::test;
}

}  // namespace heed
