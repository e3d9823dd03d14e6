#include "heed/trainers/checkpoint/checkpoint.h"

#include <algorithm>
#include <deque>
#include <set>

#include "heed/core/error.h"
#include "heed/core/files/stored_values.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/loop/finite.h"

namespace heed {

namespace {

const std::string optimizer_prefix = "optimizer.";
const std::string trained_prefix = "optimizer.weights.";  // of weights whose average has the plain names

/// Calls `visit(name, tensor)` for every named part of the buffers laid out as the store's parameters are.
template <class Visit>
void for_each_part(const ParameterStore& store, const std::vector<Tensor>& buffers, const Visit& visit) {
    for (size_t index = 0; index < store.groups().size(); ++index) {
        const ParameterGroup& group = store.groups()[index];
        if (!buffers[index].defined()) continue;
        for (size_t place = 0; place < group.parameters.size(); ++place) {
            const Parameter* parameter = group.parameters[place];
            const int64_t offset = group.offsets[place];
            for (const ParameterPart& part : parameter->parts()) {
                const Shape shape = parameter->part_shape(part);
                const int64_t row = shape[0] == 0 ? 0 : shape.elements() / shape[0];
                visit(part.name, buffers[index].view(offset + part.first_row * row, shape));
            }
        }
    }
}

std::vector<Tensor> value_buffers(const ParameterStore& store) {
    std::vector<Tensor> buffers;
    for (const ParameterGroup& group : store.groups()) buffers.push_back(group.values);
    return buffers;
}

/// Those of the groups that are trained; undefined for the others.
std::vector<Tensor> trained_buffers(const ParameterStore& store) {
    std::vector<Tensor> buffers;
    for (const ParameterGroup& group : store.groups()) buffers.push_back(group.trainable ? group.values : Tensor());
    return buffers;
}

std::string shape_text(const std::vector<int64_t>& shape) {
    std::string text = "[";
    for (size_t axis = 0; axis < shape.size(); ++axis) text += (axis ? ", " : "") + std::to_string(shape[axis]);
    return text + "]";
}

constexpr size_t most_listed = 8;

/// The elements as f32; an error names the file too.
std::vector<float> values_of(const SafetensorsFile& file, const StoredTensor& stored) {
    try {
        return f32_values(stored);
    } catch (const UserError& error) {
        throw UserError(file.path() + ": " + error.what());
    }
}

/// Copies tensors prefix + name of the file into the parts, and collects what does not fit.
void load_parts(const SafetensorsFile& file, const ParameterStore& store, const std::vector<Tensor>& buffers,
                const std::string& prefix, const std::string& what) {
    std::vector<std::string> missing, different, unknown;
    std::set<std::string> known;
    std::vector<std::pair<const StoredTensor*, Tensor>> copies;
    const bool exact_types = is_checkpoint(file);  // Heed writes F32 alone
    for_each_part(store, buffers, [&](const std::string& part, Tensor target) {
        const std::string name = prefix + part;
        known.insert(name);
        const StoredTensor* stored = file.find(name);
        if (!stored) {
            missing.push_back(name);
        } else if ((exact_types && stored->dtype != DType::f32) || stored->shape != target.shape().to_vector()) {
            different.push_back(name + " " + dtype_name(stored->dtype) + shape_text(stored->shape) + " for f32" +
                                target.shape().to_string());
        } else {
            copies.emplace_back(stored, std::move(target));
        }
    });
    for (const StoredTensor& stored : file.tensors()) {
        const bool concerned = prefix.empty() ? !beside_weights(stored.name) : stored.name.starts_with(prefix);
        if (concerned && !known.contains(stored.name)) unknown.push_back(stored.name);
    }
    std::string problems;
    auto report = [&](const char* text, const std::vector<std::string>& names) {
        if (!names.empty())
            problems += (problems.empty() ? "" : "; ") + std::string(text) + " " + listed(names, " and ", most_listed);
    };
    report("it lacks", missing);
    report("it has besides", unknown);
    report("it has other shapes:", different);
    if (!problems.empty()) throw UserError(file.path() + " does not fit the " + what + ": " + problems);
    for (auto& [stored, target] : copies) target.copy_from_host(values_of(file, *stored).data());
}

/// A state with such numbers would only be found out a step later, when it is called the last good one.
void check_finite(const SafetensorsFile& file, const ParameterStore& store, const std::vector<Tensor>& buffers,
                  const std::string& prefix) {
    for_each_part(store, buffers, [&](const std::string& part, const Tensor& tensor) {
        if (all_finite(tensor)) return;
        throw UserError(file.path() + " cannot be used: " + prefix + part + " holds numbers that are not finite");
    });
}

/// The step takes their roots.
void check_not_negative(const SafetensorsFile& file, const ParameterStore& store, const std::vector<Tensor>& buffers,
                        const std::string& prefix) {
    for_each_part(store, buffers, [&](const std::string& part, const Tensor& tensor) {
        const std::vector<float> values = tensor.to_vector();
        if (std::none_of(values.begin(), values.end(), [](float value) { return value < 0; })) return;
        throw UserError(file.path() + " cannot be used: " + prefix + part +
                        ", a mean of squares, has negative numbers");
    });
}

/// Takes the shapes of a module's own parameters and of those below it out of `stored`. `prefix`: its name, with a dot.
void check_shapes(const SafetensorsFile& file, const Module& module, const std::string& prefix,
                  std::multiset<std::vector<int64_t>>& stored) {
    for (const Parameter* parameter : module.own_parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            const Shape shape = parameter->part_shape(part);
            const auto found = stored.find(shape.to_vector());
            if (found == stored.end()) {
                throw UserError(file.path() + " does not fit the model that its facts describe: it lacks a tensor " +
                                prefix + part.name + " of shape " + shape.to_string());
            }
            stored.erase(found);
        }
    }
    for (const auto& [name, child] : module.children()) check_shapes(file, *child, prefix + name + ".", stored);
}

}  // namespace

void check_tensors(const SafetensorsFile& file, Module& model) {
    // Names follow from the model's layout alone; memory is a matter of the parameter store.
    std::multiset<std::vector<int64_t>> stored;
    for (const StoredTensor& tensor : file.tensors()) {
        if (!tensor.name.starts_with(optimizer_prefix) && !tensor.name.starts_with(tokenizer_prefix)) {
            stored.insert(tensor.shape);
        }
    }
    check_shapes(file, model, "", stored);
}

bool beside_weights(const std::string& name) {
    return name.starts_with(optimizer_prefix) || name.starts_with(tokenizer_prefix);
}

void write_checkpoint(const std::string& path, const ParameterStore& store,
                      const std::vector<OptimizerState>* optimizer, const CheckpointFacts& facts,
                      WeightAverage* average) {
    std::deque<std::vector<float>> values;
    std::vector<TensorToStore> tensors;
    auto add = [&](const std::string& prefix, const std::vector<Tensor>& buffers) {
        for_each_part(store, buffers, [&](const std::string& part, const Tensor& tensor) {
            values.push_back(tensor.to_vector());
            tensors.push_back({prefix + part, DType::f32, tensor.shape().to_vector(), values.back().data()});
        });
    };
    add("", average ? average->buffers() : value_buffers(store));
    if (average && optimizer) add(trained_prefix, trained_buffers(store));
    if (optimizer) {
        for (const OptimizerState& state : *optimizer) add(optimizer_prefix + state.name + ".", state.buffers);
    }
    for (const auto& [name, tokenizer] : facts.data->tokenizers()) {
        const auto bytes = static_cast<int64_t>(tokenizer->bytes.size());
        tensors.push_back({tokenizer_prefix + name, DType::u8, {bytes}, tokenizer->bytes.data()});
    }
    write_safetensors(path, tensors, checkpoint_metadata(facts));
}

void load_weights(const SafetensorsFile& file, ParameterStore& store) {
    load_parts(file, store, value_buffers(store), "", "model");
}

void load_averaged_weights(const SafetensorsFile& file, ParameterStore& store, WeightAverage& average) {
    load_parts(file, store, average.buffers(), "", "model");
    load_parts(file, store, trained_buffers(store), trained_prefix, "model in training");
    check_finite(file, store, average.buffers(), "");
}

void load_optimizer(const SafetensorsFile& file, ParameterStore& store, Optimizer& optimizer) {
    std::vector<OptimizerState> whole;
    if (optimizer.is_restricted()) whole = optimizer.whole_states();
    for (OptimizerState& state : optimizer.is_restricted() ? whole : optimizer.states()) {
        const std::string prefix = optimizer_prefix + state.name + ".";
        load_parts(file, store, state.buffers, prefix, "optimizer");
        check_finite(file, store, state.buffers, prefix);
        if (state.of_squares) check_not_negative(file, store, state.buffers, prefix);
    }
    if (optimizer.is_restricted()) optimizer.take_states(whole);
    for (const StoredTensor& stored : file.tensors()) {
        if (!stored.name.starts_with(optimizer_prefix) || stored.name.starts_with(trained_prefix)) continue;
        const bool known = std::any_of(optimizer.states().begin(), optimizer.states().end(), [&](const auto& state) {
            return stored.name.starts_with(optimizer_prefix + state.name + ".");
        });
        if (!known) throw UserError(file.path() + " holds the state of another optimizer: " + stored.name);
    }
}

}  // namespace heed
