#include "heed/core/module/module.h"

#include <set>

#include "heed/core/error.h"

namespace heed {

void Module::add(std::string name, Module& child) {
    children_.emplace_back(std::move(name), &child);
}

void Module::add(std::string name, Parameter& parameter) {
    add_packed(parameter, {{std::move(name), parameter.shape().rank() ? parameter.shape()[0] : 1}});
}

void Module::add_packed(Parameter& parameter, std::vector<std::pair<std::string, int64_t>> parts) {
    int64_t row = 0;
    for (auto& [name, rows] : parts) {
        parameter.parts_.push_back({std::move(name), row, rows});
        row += rows;
    }
    if (row != (parameter.shape().rank() ? parameter.shape()[0] : 1)) {
        throw Error("the parts of a packed parameter of shape " + parameter.shape().to_string() + " have " +
                    std::to_string(row) + " rows");
    }
    parameters_.push_back(&parameter);
}

void Module::assign_names(const std::string& name) {
    name_ = name;
    const std::string prefix = name.empty() ? "" : name + ".";
    for (Parameter* parameter : parameters_) {
        for (ParameterPart& part : parameter->parts_) part.name = prefix + part.name;
    }
    for (auto& [child_name, child] : children_) child->assign_names(prefix + child_name);
    if (!name.empty()) return;
    std::set<std::string> names;
    for (Parameter* parameter : parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            if (!names.insert(part.name).second) throw Error("two parameters are called '" + part.name + "'");
        }
    }
}

void Module::collect(std::vector<Parameter*>& parameters) {
    parameters.insert(parameters.end(), parameters_.begin(), parameters_.end());
    for (auto& [name, child] : children_) child->collect(parameters);
}

std::vector<Parameter*> Module::parameters() {
    std::vector<Parameter*> result;
    collect(result);
    return result;
}

int64_t Module::parameter_count() {
    int64_t count = 0;
    for (Parameter* parameter : parameters()) count += parameter->parameter_count();
    return count;
}

RandomStream Module::random_stream(const ForwardState& state, RandomPurpose purpose) const {
    return {random_key(state.seed, purpose, name_), state.step, state.first_sample};
}

}  // namespace heed
