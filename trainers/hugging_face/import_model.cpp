#include "heed/trainers/hugging_face/import_model.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <map>

#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/core/files/path_exists.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/checkpoint/checkpoint.h"
#include "heed/trainers/hugging_face/architecture.h"
#include "heed/trainers/hugging_face/folder_name.h"
#include "heed/trainers/hugging_face/new_folder.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/run/checks/resume_check.h"
#include "heed/trainers/run/run_folder.h"

namespace heed {

namespace {

namespace fs = std::filesystem;

/// Throws UserError, which says what is there instead, where the folder has no model.safetensors.
std::string weights_file(const std::string& folder) {
    const std::string path = folder + "/model.safetensors";
    if (path_exists(path)) return path;
    for (const auto& [name, hint] : std::initializer_list<std::pair<const char*, const char*>>{
             {"model.safetensors.index.json", "weights in several files are not read: save them as one"},
             {"pytorch_model.bin", "only safetensors are read: save the model with safe_serialization=True"}}) {
        if (path_exists(folder + "/" + name)) throw UserError(fmt::format("{} holds {}; {}", folder, name, hint));
    }
    throw UserError("expected weights in " + path + ", but there is no such file");
}

std::string target_folder(const std::string& folder, const std::string& to) {
    const std::string target = RunPaths(to.empty() ? "runs/" + name_of_folder(folder) : to).folder();
    check_new_folder(target, "--to");
    return target;
}

/// The settings "section.key=value" as a recipe; the last of a key counts.
std::string recipe_text(const std::vector<std::string>& settings) {
    std::vector<std::string> sections;
    std::map<std::string, std::vector<std::pair<std::string, std::string>>> values;
    for (const std::string& setting : settings) {
        const size_t equals = setting.find('='), dot = setting.substr(0, equals).rfind('.');
        const std::string section = dot == std::string::npos ? "" : setting.substr(0, dot);
        const std::string key = setting.substr(dot == std::string::npos ? 0 : dot + 1, equals - (dot + 1));
        auto& list = values[section];
        if (list.empty()) sections.push_back(section);
        std::erase_if(list, [&](const auto& each) { return each.first == key; });
        list.emplace_back(key, setting.substr(equals + 1));
    }
    YAML::Emitter out;
    const auto write = [&](const auto& list) {
        for (const auto& [key, value] : list) {
            out << YAML::Key << key << YAML::Value;
            value.starts_with('[') ? out << YAML::Flow << YAML::Load(value) : out << value;
        }
    };
    out << YAML::BeginMap;
    write(values[""]);
    for (const std::string& section : sections) {
        if (section.empty()) continue;
        out << YAML::Key << section << YAML::Value << YAML::BeginMap;
        write(values[section]);
        out << YAML::EndMap;
    }
    out << YAML::EndMap;
    return std::string(out.c_str(), out.size()) + "\n";
}

std::string fine_tuning_recipe(const std::vector<std::string>& settings, const ImportedModel& model,
                               const std::string& folder, const std::string& target) {
    std::vector<std::string> all = {"init=" + fs::absolute(target).lexically_normal().string(), "init_strict=false"};
    all.insert(all.end(), settings.begin(), settings.end());
    all.insert(all.end(), model.fine_tuning.begin(), model.fine_tuning.end());
    return fmt::format(
        "# Fine-tunes the model imported from {0}. Choose the data:\n# heed train {1} data.name=...\n{2}",
        printable(folder), printable(target + "/finetune.yaml"), recipe_text(all));
}

SharedFacts facts_of(const ImportedModel& model) {
    std::unique_ptr<DataFacts> facts = read_facts(model.facts);
    for (const auto& [name, bytes] : model.tokenizers) facts->set_tokenizer(name, bytes);
    return facts;
}

/// The settings come from config.json, so that this is what an error has to name.
Recipe recipe_of(const std::vector<std::string>& settings, const JsonFile& config) {
    try {
        return parse_recipe(recipe_spec(), "model: {}", config.path(), settings);
    } catch (const UserError& error) {
        throw UserError(fmt::format("{} cannot be used: {}", config.path(), error.what()));
    }
}

void write_run_folder(const std::string& target, const TrainedModel& trained, const ImportedModel& model,
                      const std::string& fine_tuning) {
    RunFolder run(target, false);
    for (const SettingFile& file : model.files) {
        write_file_atomically(target + "/" + file.file.name, file.file.content);
    }
    write_file_atomically(run.paths().recipe(), trained.recipe.resolved_yaml());
    write_file_atomically(target + "/finetune.yaml", fine_tuning);
    CheckpointFacts facts;
    facts.recipe = portable_recipe(trained.recipe);
    facts.data = trained.facts;
    facts.versions = numeric_versions();
    facts.weights_only = true;
    write_checkpoint(run.paths().best_checkpoint(), *trained.store, nullptr, facts);
    run.mark_finished();
}

}  // namespace

ImportReport import_model(const std::string& folder, const std::string& to) {
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored)) {
        throw UserError(fmt::format("expected a folder with config.json and model.safetensors, but {} is {}",
                                    folder.empty() ? "\"\"" : folder, path_exists(folder) ? "a file" : "not there"));
    }
    const JsonFile config(folder + "/config.json");
    const Architecture& architecture = architecture_of(config);
    const SafetensorsFile file(weights_file(folder));
    const ImportedModel model = architecture.read(folder, config, file);
    const std::string target = target_folder(folder, to);
    const std::string place = fs::absolute(target).lexically_normal().string();  // recipes are used in any folder
    std::vector<std::string> settings = model.settings;
    for (const SettingFile& each : model.files) {
        if (!each.setting.empty()) settings.push_back(each.setting + "=" + place + "/" + each.file.name);
    }
    Context context("cpu");
    TrainedModel trained{recipe_of(settings, config), facts_of(model), 0, nullptr, nullptr};
    const TrainingKind& kind = trained.facts->kind();
    ImportReport report;
    report.unused =
        check_their_tensors(file, architecture.tables(), *kind.make_model(trained.recipe, *trained.facts), model.patch);
    trained.model = kind.make_model(trained.recipe, *trained.facts);
    trained.store = std::make_unique<ParameterStore>(context, *trained.model, 0);
    load_their_tensors(file, architecture.tables(), *trained.store);
    report.architecture = config.architecture().empty() ? config.text("model_type") : config.architecture();
    report.folder = target;
    report.recipe = target + "/finetune.yaml";
    report.tensors = std::ssize(file.tensors());
    report.parameters = trained.model->parameter_count();
    report.lacks_head = kind.classifies() && trained.facts->class_names.empty();
    report.information = kind.information(trained);
    write_run_folder(target, trained, model, fine_tuning_recipe(settings, model, folder, target));
    return report;
}

}  // namespace heed
