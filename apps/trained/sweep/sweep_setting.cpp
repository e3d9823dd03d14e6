#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "heed/apps/support/asked_model.h"
#include "heed/apps/support/measured_data.h"
#include "heed/apps/trained/sweep/sweep_table.h"
#include "heed/core/error.h"
#include "heed/core/settings/repeated.h"
#include "heed/trainers/kinds/command_settings.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

namespace {

/// A setting and the values that it is to have.
struct SettingValues {
    std::string key;
    std::vector<std::string> values;
};

SettingValues setting_values(const std::string& over) {
    const size_t equals = over.find('=');
    SettingValues result{over.substr(0, equals), {}};
    for (size_t begin = equals; begin != std::string::npos && begin < over.size();) {
        const size_t end = over.find(',', ++begin);
        result.values.push_back(over.substr(begin, end - begin));
        begin = end;
    }
    const bool gap =
        std::any_of(result.values.begin(), result.values.end(), [](const std::string& value) { return value.empty(); });
    if (result.key.empty() || result.values.empty() || gap) {
        throw UserError("--over expects a setting and its values, as data.eval_context=128,256,512, got '" + over +
                        "'");
    }
    if (const std::string* value = first_repeated(result.values)) {
        throw UserError(fmt::format("--over expects each value of {} once, got {} twice", result.key, *value));
    }
    return result;
}

std::optional<double> positive_number(const std::string& text) {
    double value = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !(value > 0)) return std::nullopt;
    return value;
}

SweepRow measure(const SweepCommand& command, const std::string& key, const std::string& value, std::string& text) {
    std::vector<std::string> settings = command.overrides;
    settings.push_back(key + "=" + value);
    SavedModel saved = load_saved_model(command.target, with_data_folder(command.target, settings));
    check_has_classes("sweep", saved);
    const TrainingKind& kind = saved.trained.facts->kind();
    const std::unique_ptr<Workload> workload = kind.open(saved.trained, *saved.context);
    const Split split = split_named(command.split);
    check_has_samples(*workload, split);
    SweepRow row;
    row.cells = {value};
    row.facts[key] = value;
    if (const std::optional<double> number = positive_number(value)) {
        row.value = *number;
        row.facts[key] = nlohmann::json::parse(value, nullptr, /*allow_exceptions=*/false);
        if (row.facts[key].is_discarded()) row.facts[key] = *number;
    }
    row.result = workload->task().evaluate(split);
    text = fmt::format("{} {} of {}; no training", row.result.count, kind.unit(), command.split);
    return row;
}

}  // namespace

SweepTable sweep_setting(const SweepCommand& command) {
    const auto [key, values] = setting_values(command.over);
    for (const std::string& value : values) {
        check_command_settings(kind_of_model(command.target), "eval", {key + "=" + value});
    }
    SweepTable table;
    table.title = command.target + " over " + key;
    table.headings = {key};
    for (const std::string& value : values) table.rows.push_back(measure(command, key, value, table.text));
    const bool drawn =
        std::all_of(table.rows.begin(), table.rows.end(), [](const SweepRow& row) { return row.value > 0; });
    if (drawn && table.rows.size() > 1) table.axis = key;
    return table;
}

}  // namespace heed
