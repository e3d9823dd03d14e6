#include "heed/trainers/hugging_face/export_model.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/hugging_face/architecture.h"
#include "heed/trainers/hugging_face/new_folder.h"
#include "heed/trainers/hugging_face/their_tensors.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/recipe_spec.h"

namespace heed {

namespace {

/// The architecture that the model can be stored as; null, and why not, where there is none.
const Architecture* fitting_architecture(const TrainedModel& trained, std::string& obstacles) {
    const std::string type = trained.recipe.section("model").choice();
    for (const Architecture* architecture : architectures()) {
        if (type != architecture->our_model()) continue;
        const std::string obstacle = architecture->obstacle(trained);
        if (obstacle.empty()) return architecture;
        obstacles += fmt::format("{}{} expects other settings: {}", obstacles.empty() ? "" : "; ",
                                 architecture->model_type(), obstacle);
    }
    return nullptr;
}

std::map<std::string, Tensor> tensors_by_name(const ParameterStore& store) {
    std::map<std::string, Tensor> tensors;
    for (Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts()) tensors.emplace(part.name, parameter->part_value(part));
    }
    return tensors;
}

SharedFacts facts_without_classes(const DataFacts& facts) {
    nlohmann::json json = nlohmann::json::parse(facts_json(facts));
    json["class_names"] = nlohmann::json::array();
    std::unique_ptr<DataFacts> changed = read_facts(json.dump());
    for (const auto& [name, tokenizer] : facts.tokenizers()) changed->set_tokenizer(name, tokenizer->bytes);
    return changed;
}

/// The same model without its head, with changes to its recipe.
TrainedModel headless(const TrainedModel& trained, const std::vector<std::string>& changes) {
    Context& context = trained.store->context();
    TrainedModel result{parse_recipe(recipe_spec(), trained.recipe.resolved_yaml(), trained.recipe.path(), changes),
                        facts_without_classes(*trained.facts), trained.step, nullptr, nullptr};
    result.model = result.facts->kind().make_model(result.recipe, *result.facts);
    result.store = std::make_unique<ParameterStore>(context, *result.model, 0);
    const std::map<std::string, Tensor> known = tensors_by_name(*trained.store);
    for (auto& [name, tensor] : tensors_by_name(*result.store)) {
        Tensor target = tensor;
        target.copy_from_host(known.at(name).to_vector().data());
    }
    return result;
}

std::vector<std::string> names_lacking_in(const TrainedModel& smaller, const TrainedModel& larger) {
    const std::map<std::string, Tensor> there = tensors_by_name(*smaller.store);
    std::vector<std::string> names;
    for (const auto& [name, tensor] : tensors_by_name(*larger.store)) {
        if (!there.contains(name)) names.push_back(name);
    }
    return names;
}

ExportReport write_model(const TrainedModel& trained, const Architecture& architecture, const std::string& folder) {
    const ExportedModel exported = architecture.write(trained);
    ExportReport report;
    report.architecture = exported.architecture;
    report.tensors = std::ssize(tensors_by_name(*trained.store));
    for (const NamedFile& file : exported.files) {
        const std::filesystem::path path = std::filesystem::path(folder) / file.name;
        std::filesystem::create_directories(path.parent_path());
        write_file_atomically(path.string(), file.content);
        report.files.push_back(file.name);
    }
    write_their_tensors(folder + "/model.safetensors", *trained.store, architecture.tables(), exported.with_base,
                        exported.patch);
    report.files.emplace_back("model.safetensors");
    return report;
}

/// What can be stored of the model without its head: all that is left of it, or, where no architecture has the layer
/// that stands before the head, what enters that.
std::optional<ExportReport> export_headless(const TrainedModel& trained, const std::string& folder,
                                            std::string& obstacles) {
    for (const std::vector<std::string>& changes :
         {std::vector<std::string>{}, std::vector<std::string>{"model.hidden=0"}}) {
        if (!changes.empty() && trained.recipe.section("model").choice() != "text_classifier") break;
        const TrainedModel rest = headless(trained, changes);
        std::string reasons;
        if (const Architecture* architecture = fitting_architecture(rest, reasons)) {
            ExportReport report = write_model(rest, *architecture, folder);
            report.left_out = names_lacking_in(rest, trained);
            return report;
        }
        obstacles = reasons;
    }
    return std::nullopt;
}

}  // namespace

ExportReport export_model(const TrainedModel& trained, const std::string& folder, bool without_head) {
    check_new_folder(folder, "the folder of an export");
    std::string obstacles;
    const bool has_head = trained.facts->kind().classifies() && !trained.facts->class_names.empty();
    if (without_head && !has_head) throw UserError("--without-head: the model has no head for classes");
    if (without_head) {
        if (const auto report = export_headless(trained, folder, obstacles)) return *report;
    } else if (const Architecture* architecture = fitting_architecture(trained, obstacles)) {
        return write_model(trained, *architecture, folder);
    }
    throw UserError(fmt::format(
        "transformers has no architecture for this model{}{}{}",
        obstacles.empty() ? ": expected an image classifier, a text classifier or a translator" : ": ", obstacles,
        has_head && !without_head ? " (--without-head exports the encoder alone, where that fits)" : ""));
}

}  // namespace heed
