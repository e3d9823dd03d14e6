#include "heed/trainers/benchmark/attention_benchmark_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "heed/core/device/device.h"
#include "heed/core/error.h"
#include "heed/core/parallel.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/benchmark/pattern_key.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

namespace {

constexpr const char* benchmark_name = "heed bench attention";
constexpr std::string_view attention_prefix = "attention.";
constexpr double longest = 1 << 20;  // its square, times batch and heads, is still a number of bytes

std::vector<std::string> type_names() {
    std::vector<std::string> names;
    for (const AttentionType& type : attention_types()) names.emplace_back(type.name);
    return names;
}

template <class Value>
void refuse_twice(const char* key, std::vector<Value> values) {
    std::sort(values.begin(), values.end());
    const auto twice = std::adjacent_find(values.begin(), values.end());
    if (twice != values.end()) throw UserError(fmt::format("{} names {} twice", key, *twice));
}

/// "attention.rounds=4" given to the types that have the setting.
class TypeSettings {
public:
    explicit TypeSettings(const std::vector<std::string>& names) {
        for (const std::string& name : names) {
            const AttentionType& type = attention_type(name);
            types_.push_back({&type, type.make_options(), std::make_unique<Fields>(), {}});
            types_.back().options->describe(*types_.back().fields);
        }
    }

    void set(const std::string& setting) {
        const size_t equals = setting.find('=');
        const std::string key = setting.substr(0, equals), value = setting.substr(equals + 1);
        const std::string leaf = key.substr(attention_prefix.size());
        if (std::find(given_.begin(), given_.end(), key) != given_.end()) {
            throw UserError("command line: " + quote(key) + " is given twice");
        }
        given_.push_back(key);
        bool known = false;
        for (Type& each : types_) {
            Field* field = each.fields->find(leaf);
            if (!field) continue;
            known = true;
            const std::string refusal = field->set_from_text(value);
            if (!refusal.empty()) throw UserError("command line: " + key + " " + refusal);
            each.given.push_back(leaf + "=" + value);
        }
        if (!known) refuse(key, leaf);
    }

    std::vector<BenchmarkedType> take() {
        std::vector<BenchmarkedType> types;
        for (Type& each : types_) {
            each.options->validate();
            types.push_back({each.type, std::move(each.options), std::move(each.given)});
        }
        return types;
    }

private:
    struct Type {
        const AttentionType* type;
        std::unique_ptr<Options> options;
        std::unique_ptr<Fields> fields;
        std::vector<std::string> given;
    };

    [[noreturn]] void refuse(const std::string& key, const std::string& leaf) const {
        if (leaf == "type") {
            throw UserError("command line: attention.type has no meaning here: the types that are measured are types=" +
                            std::string(types_.front().type->name) + ",...");
        }
        std::vector<std::string> leaves;
        for (const Type& each : types_) {
            for (const std::string& name : each.fields->names()) leaves.push_back(name);
        }
        std::string names;
        for (const Type& each : types_) names += (names.empty() ? "" : ", ") + std::string(each.type->name);
        throw UserError("command line: no type of " + names + " has the setting " + quote(key) +
                        did_you_mean(leaf, leaves));
    }

    std::vector<Type> types_;
    std::vector<std::string> given_;
};

}  // namespace

void AttentionBenchmarkOptions::describe(Fields& fields) {
    std::vector<std::string> devices;
    for (const DeviceType& type : device_types()) {
        if (type.computes) devices.emplace_back(type.name);
    }
    fields.add("types", types, "attention types; none named: all").choices(type_names());
    fields.add("patterns", patterns, "patterns; none named: all").choices(pattern_keys());
    fields.add("lengths", lengths, "sequence lengths, in cross-attention of target and source")
        .range(1, longest)
        .unit("tokens");
    fields.add("dim", dim, "features of a token").range(1, 16384);
    fields.add("heads", heads, "heads, which divide them").range(1, 1024);
    fields.add("batch", batch, "sequences at a time").range(1, 1024);
    fields.add("runs", runs, "passes that are measured of each, as far as the budget goes").range(1, 10000);
    fields
        .add("budget", budget,
             "time for the passes of a type in a pattern at a length: of long ones fewer are made, and none that alone "
             "would take more")
        .range(0.001, 1e6)
        .unit("seconds");
    fields
        .add("memory", memory, "most memory that a pass may take, with weights and inputs; 0: 80 % of what is free now")
        .range(0, 1e6)
        .unit("GiB");
    fields.add("device", device, "what computes").choices(devices);
    fields.add("precision", precision, "how exactly matrices are multiplied")
        .choices({std::begin(precision_names), std::end(precision_names)});
    fields.add("threads", threads, "threads for computing; 0: all that this process may use")
        .range(0, max_thread_count);
}

void AttentionBenchmarkOptions::validate() const {
    if (dim % heads != 0) throw UserError(fmt::format("heads must divide dim, got {} and {}", heads, dim));
    if (lengths.empty()) throw UserError("lengths expects at least one length");
    for (const double length : lengths) {
        if (length != std::floor(length)) throw UserError(fmt::format("lengths expects whole numbers, got {}", length));
    }
    refuse_twice("lengths", lengths);
    refuse_twice("types", types);
    refuse_twice("patterns", patterns);
}

Precision AttentionBenchmarkOptions::products() const {
    const auto* const found = std::find(std::begin(precision_names), std::end(precision_names), precision);
    return static_cast<Precision>(found - std::begin(precision_names));
}

std::vector<AttentionPattern> AttentionBenchmarkOptions::chosen_patterns() const {
    std::vector<AttentionPattern> chosen;
    for (const std::string& key : pattern_keys()) {
        if (patterns.empty() || std::find(patterns.begin(), patterns.end(), key) != patterns.end()) {
            chosen.push_back(*pattern_of_key(key));
        }
    }
    return chosen;
}

std::vector<int64_t> AttentionBenchmarkOptions::rising_lengths() const {
    std::vector<int64_t> rising;
    for (const double length : lengths) rising.push_back(static_cast<int64_t>(length));
    std::sort(rising.begin(), rising.end());
    return rising;
}

AttentionChoice BenchmarkedType::choice() const {
    return {type, dynamic_cast<const AttentionOptions*>(options.get())};
}

AttentionSettings BenchmarkedType::settings() const {
    Fields fields;
    options->describe(fields);
    return attention_settings(*type, fields);
}

AttentionBenchmarkPlan attention_benchmark_plan(const std::vector<std::string>& settings) {
    std::vector<std::string> own, of_types;
    for (const std::string& setting : settings) {
        (setting.starts_with(attention_prefix) ? of_types : own).push_back(setting);
    }
    const RecipeSpec spec = {untyped_section<AttentionBenchmarkOptions>("", "")};
    const Recipe recipe = resolve_settings(spec, benchmark_name, own);
    AttentionBenchmarkPlan plan;
    plan.options = recipe.options<AttentionBenchmarkOptions>("");
    TypeSettings types(plan.options.types.empty() ? type_names() : plan.options.types);
    for (const std::string& setting : of_types) types.set(setting);
    plan.types = types.take();
    plan.patterns = plan.options.chosen_patterns();
    plan.lengths = plan.options.rising_lengths();
    return plan;
}

std::string attention_benchmark_settings_help() {
    AttentionBenchmarkOptions options;
    Fields fields;
    options.describe(fields);
    std::string text = "Settings:\n";
    for (const Field& field : fields) {
        const std::string value = field.value_text();
        text +=
            fmt::format("  {}={}{}\n      {}{}\n", field.name(), value, field.unit().empty() ? "" : " " + field.unit(),
                        field.help(), field.choices().empty() ? "" : ": " + listed(field.choices(), ", "));
    }
    return text +
           "  attention.NAME=VALUE\n      a setting of attention types (heed help recipe), for those that have it";
}

}  // namespace heed
