#include "heed/trainers/hugging_face/their_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <set>

#include "heed/core/error.h"
#include "heed/core/files/stored_values.h"
#include "heed/core/settings/nearest_name.h"

namespace heed {

namespace {

constexpr size_t most_named = 8;

TheirTensor known_tensor(const TensorTables& tables, const std::string& ours) {
    const auto theirs = their_tensor(tables, ours);
    if (!theirs) throw Error("the table of names has no row for " + ours);
    return *theirs;
}

/// The name with the endings that BERT's first weights have: LayerNorm.gamma and LayerNorm.beta.
std::string old_name(const std::string& name) {
    const size_t dot = name.rfind('.');
    if (dot == std::string::npos || !name.substr(0, dot).ends_with("LayerNorm")) return name;
    return name.substr(0, dot) + (name.ends_with(".weight") ? ".gamma" : ".beta");
}

/// The tensor under one of the names that it may have.
const StoredTensor* find_tensor(const SafetensorsFile& file, const TensorTables& tables, const TheirTensor& tensor) {
    for (const std::string& name : {tensor.name, old_name(tensor.name)}) {
        if (const StoredTensor* found = file.find(name)) return found;
        if (tensor.beside_base) continue;
        if (const StoredTensor* found = file.find(tables.base + name)) return found;
    }
    return nullptr;
}

std::string sizes_text(const std::vector<int64_t>& shape) {
    return fmt::format("[{}]", fmt::join(shape, ", "));
}

void add_unused(UnusedTensors& unused, const std::string& reason, const std::string& name) {
    const auto same =
        std::find_if(unused.begin(), unused.end(), [&](const auto& each) { return each.first == reason; });
    if (same != unused.end()) {
        same->second.push_back(name);
    } else {
        unused.push_back({reason, {name}});
    }
}

/// Calls `visit(parameter, part)` for every named part of the parameters.
template <class Visit>
void for_each_part_of(const std::vector<Parameter*>& parameters, const Visit& visit) {
    for (Parameter* parameter : parameters) {
        for (const ParameterPart& part : parameter->parts()) visit(*parameter, part);
    }
}

}  // namespace

UnusedTensors check_their_tensors(const SafetensorsFile& file, const TensorTables& tables, Module& model,
                                  int64_t patch) {
    model.assign_names();
    std::vector<std::string> missing, different, unknown;
    std::set<std::string> used;
    for_each_part_of(model.parameters(), [&](const Parameter& parameter, const ParameterPart& part) {
        const TheirTensor theirs = known_tensor(tables, part.name);
        const StoredTensor* stored = find_tensor(file, tables, theirs);
        if (stored == nullptr) {
            missing.push_back(theirs.name);
            return;
        }
        used.insert(stored->name);
        const std::vector<int64_t> shape = stored_shape(theirs.form, parameter.part_shape(part).to_vector(), patch);
        if (stored->shape == shape) return;
        different.push_back(fmt::format("{} {} for {}", stored->name, sizes_text(stored->shape), sizes_text(shape)));
    });
    UnusedTensors unused;
    for (const StoredTensor& stored : file.tensors()) {
        if (used.contains(stored.name)) continue;
        const auto reason = unused_reason(tables, stored.name);
        reason ? add_unused(unused, *reason, stored.name) : unknown.push_back(stored.name);
    }
    std::string problems;
    const auto report = [&](const char* text, const std::vector<std::string>& names) {
        if (names.empty()) return;
        problems += fmt::format("{}{} {}", problems.empty() ? "" : "; ", text, listed(names, " and ", most_named));
    };
    report("it lacks", missing);
    report("it has other shapes:", different);
    report("it has besides", unknown);
    if (!problems.empty()) throw UserError(file.path() + " does not fit the model of its config.json: " + problems);
    return unused;
}

void load_their_tensors(const SafetensorsFile& file, const TensorTables& tables, const ParameterStore& store) {
    for_each_part_of(store.parameters(), [&](const Parameter& parameter, const ParameterPart& part) {
        const StoredTensor& stored = *find_tensor(file, tables, known_tensor(tables, part.name));
        std::vector<float> values;
        try {
            values = f32_values(stored);
        } catch (const UserError& error) {
            throw UserError(file.path() + ": " + error.what());
        }
        for (const float value : values) {
            if (!std::isfinite(value)) {
                throw UserError(file.path() + " cannot be used: " + stored.name + " holds numbers that are not finite");
            }
        }
        parameter.part_value(part).copy_from_host(values.data());
    });
}

void write_their_tensors(const std::string& path, const ParameterStore& store, const TensorTables& tables,
                         bool with_base, int64_t patch) {
    std::deque<std::vector<float>> values;
    std::vector<TensorToStore> tensors;
    for_each_part_of(store.parameters(), [&](const Parameter& parameter, const ParameterPart& part) {
        const TheirTensor theirs = known_tensor(tables, part.name);
        const Tensor tensor = parameter.part_value(part);
        values.push_back(tensor.to_vector());
        tensors.push_back({(with_base && !theirs.beside_base ? tables.base : "") + theirs.name, DType::f32,
                           stored_shape(theirs.form, tensor.shape().to_vector(), patch), values.back().data()});
    });
    write_safetensors(path, tensors, {{"format", "pt"}});
}

}  // namespace heed
