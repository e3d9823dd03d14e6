#include "heed/apps/support/asked_model.h"

#include <filesystem>
#include <system_error>

#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/core/files/safetensors.h"
#include "heed/trainers/checkpoint/checkpoint.h"
#include "heed/trainers/kinds/command_settings.h"

namespace heed {

SavedModel load_asked_model(const std::string& command, const std::string& target,
                            const std::vector<std::string>& settings) {
    const TrainingKind& kind = kind_of_model(target);
    kind.check_serves(command, target);
    check_command_settings(kind, command, settings);
    return load_saved_model(target, settings);
}

void check_has_classes(const std::string& command, const SavedModel& saved) {
    const DataFacts& facts = *saved.trained.facts;
    if (!facts.kind().classifies() || !facts.class_names.empty()) return;
    throw UserError("heed " + command + " expects a model with classes, but " + saved.path +
                    " has no head: train it (heed train ... init=" + saved.path +
                    " init_strict=false), or ask for its vectors (heed predict --embedding unit)");
}

void check_output(const std::string& file, const std::string& target, const std::vector<std::string>& files) {
    std::vector<std::string> inputs = files;
    inputs.push_back(checkpoint_file(target));
    for (const std::string& input : inputs) {
        std::error_code ignored;
        if (!std::filesystem::equivalent(file, input, ignored)) continue;
        throw UserError("cannot write " + file + ": it is what the command reads");
    }
    check_writable(file);
}

const TrainingKind& kind_of_model(const std::string& target) {
    return read_checkpoint_facts(SafetensorsFile(checkpoint_file(target))).data->kind();
}

}  // namespace heed
