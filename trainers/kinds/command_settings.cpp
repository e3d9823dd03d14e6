#include "heed/trainers/kinds/command_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/kinds/registry.h"
#include "heed/trainers/recipe/setting_key.h"

namespace heed {

namespace {

const std::vector<std::string> machine_settings = {"threads", "device", "precision"};
constexpr const char* attention_settings = "attention.*";
constexpr const char* convert_settings = "convert.*";

/// Why a command takes no others.
std::string purpose(const std::string& command) {
    if (command == "eval") return "heed eval measures the model as it was trained";
    if (command == "sweep") return "heed sweep chooses smyrf and its clusters itself (--scores, --rounds)";
    if (command == "convert") return "heed convert changes the attention alone";
    if (command == "report") return "heed report shows a run as it was trained";
    return "heed " + command + " uses the model as it was trained";
}

/// A sweep and a conversion take what eval takes, but no test set of their own.
std::vector<std::string> settings_of_kind(const TrainingKind& kind, const std::string& command) {
    if (command != "sweep" && command != "convert") return kind.settings_of(command);
    std::vector<std::string> settings = kind.settings_of("eval");
    std::erase_if(settings, [](const std::string& key) {
        return key != "data.root" && key != "data.batch" && key != "decoding.*";
    });
    return settings;
}

bool takes_attention(const std::string& command) {
    return command != "report" && command != "sweep";
}

}  // namespace

std::vector<std::string> command_settings(const TrainingKind& kind, const std::string& command) {
    std::vector<std::string> settings = settings_of_kind(kind, command);
    settings.insert(settings.end(), machine_settings.begin(), machine_settings.end());
    if (takes_attention(command)) settings.emplace_back(attention_settings);
    if (command == "convert") settings.emplace_back(convert_settings);
    return settings;
}

std::string command_settings_help(const std::string& command) {
    std::vector<std::string> common = machine_settings;
    if (command == "convert") {
        common.insert(common.end(), {attention_settings, convert_settings});
    } else if (takes_attention(command)) {
        common.push_back(std::string(attention_settings) +
                         " (of types with the same weights, such as smyrf and local for sdpa)");
    }
    std::string help = "settings that replace the model's own (key=value): " + listed(common);
    const std::span<const TrainingKind* const> kinds = training_kinds();
    const bool is_for_some =
        std::any_of(kinds.begin(), kinds.end(), [&](const auto& kind) { return kind->serves(command); });
    for (const TrainingKind* kind : kinds) {
        const std::vector<std::string> settings = settings_of_kind(*kind, command);
        if (!settings.empty() && (kind->serves(command) || !is_for_some))
            help += fmt::format("; with {} {}", kind->model_name(), listed(settings));
    }
    return help;
}

void check_command_settings(const TrainingKind& kind, const std::string& command,
                            const std::vector<std::string>& settings) {
    const std::vector<std::string> taken = command_settings(kind, command);
    for (const std::string& setting : settings) {
        const std::string key = setting_key(setting);
        const bool fits = std::any_of(taken.begin(), taken.end(), [&](const std::string& name) {
            return key == name || (name.ends_with('*') && key.starts_with(name.substr(0, name.size() - 1)));
        });
        if (fits && command != "convert" && key.starts_with("attention.") && key.ends_with(".dropout")) {
            throw UserError(key + " has an effect in training alone, not in heed " + command);
        }
        if (fits) continue;
        throw UserError(fmt::format("{}: with {} it takes no other settings than {}, got {}{}", purpose(command),
                                    kind.model_name(), listed(taken), quote(key), did_you_mean(key, taken)));
    }
}

}  // namespace heed
