#include "heed/trainers/benchmark/attention_benchmark_json.h"

#include <nlohmann/json.hpp>

#include "heed/core/version.h"
#include "heed/trainers/benchmark/pattern_key.h"

namespace heed {

namespace {

using BenchmarkJson = nlohmann::ordered_json;

BenchmarkJson quartiles_json(const Quartiles& quartiles) {
    return {{"low", quartiles.low}, {"median", quartiles.median}, {"high", quartiles.high}};
}

BenchmarkJson cell_json(const AttentionBenchmark& benchmark, const AttentionBenchmarkCell& cell) {
    BenchmarkJson json;
    json["pattern"] = pattern_key(cell.pattern);
    json["type"] = benchmark.name_of(cell.type);
    json["length"] = cell.length;
    json["runs"] = cell.times ? cell.times->runs : 0;
    json["forward_seconds"] = cell.times ? quartiles_json(cell.times->forward) : BenchmarkJson(nullptr);
    json["total_seconds"] = cell.times ? quartiles_json(cell.times->total) : BenchmarkJson(nullptr);
    json["forward_bytes"] = cell.bytes ? BenchmarkJson(cell.bytes->forward) : BenchmarkJson(nullptr);
    json["total_bytes"] = cell.bytes ? BenchmarkJson(cell.bytes->total) : BenchmarkJson(nullptr);
    if (cell.bytes) json["bytes_counted"] = cell.bytes->counted;
    json["multiplies"] = cell.multiplies;
    if (!cell.reason.empty()) json["reason"] = cell.reason;
    return json;
}

BenchmarkJson efficiency_json(const AttentionBenchmark& benchmark, const TypeEfficiency& efficiency) {
    const auto& [length, parabola_r2, line_r2, warning] = efficiency.fitted;
    BenchmarkJson json;
    json["pattern"] = pattern_key(efficiency.pattern);
    json["type"] = benchmark.name_of(efficiency.type);
    json["cost"] = cost_id(efficiency.cost);
    json["fitted_length"] = length ? BenchmarkJson(*length) : BenchmarkJson(nullptr);
    json["sdpa_r2"] = parabola_r2;  // not a number where there is no fit: null
    json["type_r2"] = line_r2;
    json["fit_holds"] = warning.empty();
    if (!warning.empty()) json["warning"] = warning;
    json["measured"] = crossing_key(efficiency.measured.kind);
    const bool crosses = efficiency.measured.kind == MeasuredCrossing::Kind::at_length;
    json["measured_length"] = crosses ? BenchmarkJson(efficiency.measured.length) : BenchmarkJson(nullptr);
    return json;
}

/// Every setting as text, which reads back to the same value.
BenchmarkJson settings_json(AttentionBenchmarkOptions options) {
    Fields fields;
    options.describe(fields);
    BenchmarkJson json;
    for (const Field& field : fields) json[field.name()] = field.value_text();
    return json;
}

BenchmarkJson type_json(const BenchmarkedType& type) {
    BenchmarkJson json = {{"type", type.type->name}, {"given", type.given}, {"settings", BenchmarkJson::object()}};
    for (const auto& [name, value] : type.settings().values) json["settings"][name] = value;
    return json;
}

}  // namespace

std::string attention_benchmark_json(const AttentionBenchmark& benchmark) {
    const AttentionBenchmarkOptions& options = benchmark.plan.options;
    BenchmarkJson json;
    json["format"] = attention_benchmark_format;
    json["heed"] = build_info().version;
    json["dim"] = options.dim;
    json["heads"] = options.heads;
    json["batch"] = options.batch;
    json["lengths"] = benchmark.plan.lengths;
    json["budget_seconds"] = options.budget;
    json["settings"] = settings_json(options);
    for (const auto& [name, value] : benchmark.facts) json["facts"][name] = value;
    json["types"] = BenchmarkJson::array();
    for (const BenchmarkedType& type : benchmark.plan.types) json["types"].push_back(type_json(type));
    json["cells"] = BenchmarkJson::array();
    for (const AttentionBenchmarkCell& cell : benchmark.cells) json["cells"].push_back(cell_json(benchmark, cell));
    json["efficiency"] = BenchmarkJson::array();
    for (const TypeEfficiency& each : benchmark.efficiencies) {
        json["efficiency"].push_back(efficiency_json(benchmark, each));
    }
    return json.dump(2) + "\n";
}

}  // namespace heed
