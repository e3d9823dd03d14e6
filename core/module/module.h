#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heed/core/forward_state.h"
#include "heed/core/module/parameter.h"
#include "heed/core/random/random.h"

namespace heed {

/// A piece of a model: parameters and child modules, held as members and announced by name in the constructor. Dotted
/// names ("encoder.layers.0.attention.query.weight") follow from the members' names.
class Module {
public:
    Module() = default;
    virtual ~Module() = default;
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;

    /// Gives every module below (and with) this one its dotted name and every parameter part its full name. Called
    /// once, on the root, by ParameterStore. Throws Error when two parameters end up with the same name.
    void assign_names(const std::string& name = "");

    const std::string& name() const { return name_; }
    /// All parameters below this module, in order of announcement.
    std::vector<Parameter*> parameters();
    /// Those that this module announced itself.
    const std::vector<Parameter*>& own_parameters() const { return parameters_; }
    /// Parameter::parameter_count of all parameters below this module, frozen ones included.
    int64_t parameter_count();
    const std::vector<std::pair<std::string, Module*>>& children() const { return children_; }

protected:
    void add(std::string name, Module& child);
    void add(std::string name, Parameter& parameter);
    /// A parameter whose rows carry several names; the rows of the parts must add up to the parameter's.
    void add_packed(Parameter& parameter, std::vector<std::pair<std::string, int64_t>> parts);

    /// Random numbers of this module for the given step.
    RandomStream random_stream(const ForwardState& state, RandomPurpose purpose) const;

private:
    void collect(std::vector<Parameter*>& parameters);

    std::string name_;
    std::vector<std::pair<std::string, Module*>> children_;
    std::vector<Parameter*> parameters_;
};

}  // namespace heed
