#include "heed/trainers/checkpoint/checkpoint_facts.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "heed/core/cpu/isa.h"
#include "heed/core/cpu/onednn/version.h"
#include "heed/core/error.h"
#include "heed/core/files/json_problem.h"
#include "heed/core/parallel.h"
#include "heed/core/version.h"

namespace heed {

namespace {

using Json = nlohmann::json;

constexpr int format_version = 1;
constexpr const char* format_key = "heed.format";
constexpr const char* facts_key = "heed.facts";

Json to_json(const CheckpointFacts& facts) {
    const TrainingState& progress = facts.progress;
    Json kept = Json::array();
    for (const KeptModel& model : progress.kept) kept.push_back({model.step, model.score});
    Json json = {
        {"recipe", facts.recipe},
        {"versions", facts.versions},
        {"data", Json::parse(facts_json(*facts.data))},
        {"progress",
         {{"step", progress.step},
          {"epoch", progress.position.epoch},
          {"batch", progress.position.batch},
          {"epoch_loss", progress.epoch.loss},
          {"epoch_correct", progress.epoch.correct},
          {"epoch_samples", progress.epoch.count},
          {"best_score", progress.best_score},
          {"best_step", progress.best_step},
          {"validations_since_best", progress.validations_since_best},
          {"validation_due", progress.validation_due},
          {"compared_by", progress.compared_by},
          {"kept", kept}}},
        {"weights_only", facts.weights_only},
    };
    if (!facts.teacher.empty()) json["teacher"] = facts.teacher;
    return json;
}

/// The facts of the data with the tokenizers, which are tensors of the file.
SharedFacts data_from_json(const Json& json, const SafetensorsFile& file) {
    std::unique_ptr<DataFacts> facts = read_facts(json.dump());
    for (const auto& [name, tokenizer] : facts->tokenizers()) {
        const StoredTensor* stored = file.find(tokenizer_prefix + name);
        if (!stored || stored->dtype != DType::u8) throw UserError("it lacks " + (tokenizer_prefix + name));
        facts->set_tokenizer(name, {reinterpret_cast<const char*>(stored->bytes.data()), stored->bytes.size()});
    }
    return facts;
}

CheckpointFacts from_json(const Json& json, const SafetensorsFile& file) {
    CheckpointFacts facts;
    facts.recipe = json.at("recipe").get<std::string>();
    facts.versions = json.at("versions").get<std::string>();
    facts.data = data_from_json(json.at("data"), file);
    const Json& progress = json.at("progress");
    facts.progress.step = progress.at("step").get<int64_t>();
    facts.progress.position.epoch = progress.at("epoch").get<int64_t>();
    facts.progress.position.batch = progress.at("batch").get<int64_t>();
    facts.progress.epoch.loss = progress.value("epoch_loss", 0.0);
    facts.progress.epoch.correct = progress.value("epoch_correct", int64_t{0});
    facts.progress.epoch.count = progress.value("epoch_samples", int64_t{0});
    facts.progress.best_score = progress.at("best_score").get<double>();
    facts.progress.best_step = progress.at("best_step").get<int64_t>();
    facts.progress.validations_since_best = progress.value("validations_since_best", int64_t{0});
    facts.progress.validation_due = progress.value("validation_due", false);
    facts.progress.compared_by = progress.value("compared_by", "");
    for (const Json& model : progress.value("kept", Json::array())) {
        facts.progress.kept.push_back({model.at(0).get<int64_t>(), model.at(1).get<double>()});
    }
    facts.weights_only = json.value("weights_only", false);
    facts.teacher = json.value("teacher", "");
    return facts;
}

/// What is wrong with numbers that Heed cannot have written, or "".
std::string impossible_fact(const CheckpointFacts& facts) {
    constexpr int64_t most_steps = 4'294'967'295;
    const TrainingState& progress = facts.progress;
    if (progress.step < 0 || progress.step > most_steps) return "step";
    if (progress.position.epoch < 0 || progress.position.epoch > progress.step) return "epoch";
    if (progress.position.batch < 0 || progress.position.batch > progress.step) return "batch";
    if (progress.epoch.count < 0) return "epoch_samples";
    if (progress.epoch.correct < 0 || progress.epoch.correct > progress.epoch.count) return "epoch_correct";
    if (progress.best_step < 0 || progress.best_step > progress.step) return "best_step";
    for (const KeptModel& model : progress.kept) {
        if (model.step < 1 || model.step > progress.step) return "kept";
    }
    return "";
}

}  // namespace

bool is_checkpoint(const SafetensorsFile& file) {
    return file.metadata().contains(format_key);
}

std::string numeric_versions() {
    return std::string("heed ") + build_info().version + ", oneDNN " + onednn_version() + ", " +
           isa_name(active_isa()) + ", " + std::to_string(thread_count()) +
           (thread_count() == 1 ? " thread" : " threads");
}

std::map<std::string, std::string> checkpoint_metadata(const CheckpointFacts& facts) {
    return {{format_key, std::to_string(format_version)}, {facts_key, to_json(facts).dump()}};
}

CheckpointFacts read_checkpoint_facts(const SafetensorsFile& file) {
    auto format = file.metadata().find(format_key);
    auto facts = file.metadata().find(facts_key);
    if (format == file.metadata().end() || facts == file.metadata().end()) {
        throw UserError(file.path() +
                        " holds tensors but is no checkpoint of Heed (to start from its weights, give init=" +
                        file.path() + " to train)");
    }
    if (format->second != std::to_string(format_version)) {
        throw UserError(file.path() + " has checkpoint format " + format->second + ", this version reads " +
                        std::to_string(format_version));
    }
    const std::string damaged = file.path() + " has damaged checkpoint facts: ";
    CheckpointFacts read;
    try {
        read = from_json(Json::parse(facts->second), file);
    } catch (const Json::exception& error) {
        throw UserError(damaged + json_problem(error));
    } catch (const UserError& error) {
        throw UserError(damaged + error.what());
    }
    const std::string impossible = impossible_fact(read);
    if (!impossible.empty()) throw UserError(damaged + "the value of " + impossible + " cannot be");
    return read;
}

}  // namespace heed
