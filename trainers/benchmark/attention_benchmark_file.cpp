#include "heed/trainers/benchmark/attention_benchmark_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/core/files/json_problem.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/benchmark/attention_benchmark_json.h"
#include "heed/trainers/benchmark/pattern_key.h"
#include "heed/trainers/hugging_face/json_file.h"

namespace heed {

namespace {

using StoredJson = nlohmann::json;

int64_t stored_whole_number(const StoredJson& json, const char* key) {
    const StoredJson& value = json.at(key);
    if (!value.is_number_unsigned() || value.get<uint64_t>() > uint64_t{1} << 62) {
        throw UserError(fmt::format("{} expects a whole number from 0 on, got {}", key, quote(value.dump())));
    }
    return value.get<int64_t>();
}

double stored_seconds(const StoredJson& json, const char* key) {
    const double value = json.at(key).get<double>();
    if (!(value >= 0.0)) throw UserError(fmt::format("{} expects seconds from 0 on, got {}", key, value));
    return value;
}

Quartiles stored_quartiles(const StoredJson& json) {
    return {stored_seconds(json, "low"), stored_seconds(json, "median"), stored_seconds(json, "high")};
}

AttentionBenchmarkOptions stored_options(const StoredJson& json) {
    AttentionBenchmarkOptions options;
    Fields fields;
    options.describe(fields);
    for (Field& field : fields) {
        const std::string refusal = field.set_from_text(json.at(field.name()).get<std::string>());
        if (!refusal.empty()) throw UserError(field.name() + " " + refusal);
    }
    options.validate();
    return options;
}

BenchmarkedType stored_type(const StoredJson& json) {
    const AttentionType& type = attention_type(json.at("type").get<std::string>());
    std::vector<std::pair<std::string, std::string>> values;
    for (const auto& [name, value] : json.at("settings").items()) values.emplace_back(name, value.get<std::string>());
    BenchmarkedType read = {&type, attention_options(type, values), json.at("given").get<std::vector<std::string>>()};
    for (const auto& [name, value] : read.settings().values) {
        if (!json.at("settings").contains(name)) {
            throw UserError(fmt::format("the setting {} of {} is missing", name, type.name));
        }
    }
    return read;
}

AttentionBenchmarkPlan stored_plan(const StoredJson& json) {
    AttentionBenchmarkPlan plan;
    plan.options = stored_options(json.at("settings"));
    plan.patterns = plan.options.chosen_patterns();
    plan.lengths = plan.options.rising_lengths();
    for (const StoredJson& type : json.at("types")) {
        plan.types.push_back(stored_type(type));
        const auto same = std::count_if(plan.types.begin(), plan.types.end(),
                                        [&](const auto& each) { return each.type == plan.types.back().type; });
        if (same > 1) throw UserError(fmt::format("types names {} twice", plan.types.back().type->name));
    }
    return plan;
}

/// The cell that has to come next.
AttentionBenchmarkCell stored_cell(const StoredJson& json, const AttentionBenchmarkPlan& plan, AttentionPattern pattern,
                                   int64_t length, size_t type) {
    if (json.at("pattern") != pattern_key(pattern) || json.at("length") != length ||
        json.at("type") != plan.types[type].type->name) {
        throw UserError(fmt::format("expected the cell of {}, {} and {} tokens, got that of {}, {} and {}",
                                    plan.types[type].type->name, pattern_key(pattern), length, json.at("type").dump(),
                                    json.at("pattern").dump(), json.at("length").dump()));
    }
    AttentionBenchmarkCell cell;
    cell.type = type;
    cell.pattern = pattern;
    cell.length = length;
    cell.multiplies = json.at("multiplies").get<double>();
    if (!json.at("forward_seconds").is_null()) {
        cell.times = {stored_quartiles(json.at("forward_seconds")), stored_quartiles(json.at("total_seconds")),
                      stored_whole_number(json, "runs")};
    }
    if (!json.at("forward_bytes").is_null()) {
        cell.bytes = {stored_whole_number(json, "forward_bytes"), stored_whole_number(json, "total_bytes"),
                      json.at("bytes_counted").get<bool>()};
    }
    if (json.contains("reason")) cell.reason = json.at("reason").get<std::string>();
    return cell;
}

AttentionBenchmark stored_benchmark(const StoredJson& json) {
    AttentionBenchmark benchmark;
    benchmark.plan = stored_plan(json);
    for (const auto& [name, value] : json.at("facts").items()) {
        benchmark.facts.emplace_back(name, value.get<std::string>());
    }
    const AttentionBenchmarkPlan& plan = benchmark.plan;
    const StoredJson& cells = json.at("cells");
    const size_t count = plan.patterns.size() * plan.lengths.size() * plan.types.size();
    if (!cells.is_array() || cells.size() != count) {
        throw UserError(fmt::format("expected {} cells, got {}", count, cells.size()));
    }
    for (const AttentionPattern pattern : plan.patterns) {
        for (const int64_t length : plan.lengths) {
            for (size_t type = 0; type < plan.types.size(); ++type) {
                const StoredJson& next = cells[benchmark.cells.size()];
                benchmark.cells.push_back(stored_cell(next, plan, pattern, length, type));
            }
        }
    }
    benchmark.efficiencies = type_efficiencies(benchmark);
    return benchmark;
}

}  // namespace

AttentionBenchmark read_attention_benchmark(const std::string& file) {
    const JsonFile json(file);
    const std::string format = json.text("format", "");
    if (format != attention_benchmark_format) {
        throw UserError(fmt::format("{}: expected what heed bench attention --json writes (format {}), got {}", file,
                                    attention_benchmark_format,
                                    format.empty() ? "a file without a format" : "the format " + quote(format)));
    }
    try {
        return stored_benchmark(json.json());
    } catch (const nlohmann::json::exception& error) {
        throw UserError(fmt::format("{} is damaged: {}", file, json_problem(error)));
    } catch (const UserError& error) {
        throw UserError(fmt::format("{}: {}", file, error.what()));
    }
}

}  // namespace heed
