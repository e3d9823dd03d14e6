#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/module/module.h"

namespace heed {

/// Parameters that are treated alike, in one flat f32 buffer; each tensor starts on a 64-byte boundary, gaps are zero.
struct ParameterGroup {
    bool trainable = true;
    bool decay = false;
    double lr_scale = 1.0;  ///< factor of the learning rate
    Tensor values;          ///< [n]
    Tensor gradients;       ///< [n]; undefined for a frozen group
    std::vector<Parameter*> parameters;
    std::vector<int64_t> offsets;  ///< of each parameter in the buffers, in elements
};

/// Lays out all parameters of a finished model and draws their first values.
class ParameterStore {
public:
    using Selection = std::function<bool(const std::string& part_name)>;
    using Factor = std::function<double(const std::string& part_name)>;

    /// Names the model's modules, gives every parameter its place and its initial value (a pure function of seed and
    /// name). Parameters that `frozen` selects get no gradient; those that `no_decay` selects are exempt from weight
    /// decay, as are those whose layer says so. `lr_scale` gives factors of the learning rate, 1 where there is none. A
    /// UserError when a selection holds for some parts of a packed parameter only, or their factors differ.
    ParameterStore(Context& context, Module& model, uint64_t seed, const Selection& frozen = {},
                   const Selection& no_decay = {}, const Factor& lr_scale = {});
    ParameterStore(const ParameterStore&) = delete;
    ParameterStore& operator=(const ParameterStore&) = delete;

    std::vector<ParameterGroup>& groups() { return groups_; }
    const std::vector<ParameterGroup>& groups() const { return groups_; }
    const std::vector<Parameter*>& parameters() const { return parameters_; }
    Context& context() const { return context_; }

    /// Forgets all gradients: the next write overwrites.
    void begin_step();
    /// Zero-fills the gradients of parameters that nothing has written since begin_step.
    void finish_gradients();

private:
    ParameterGroup& group_of(bool decay, double lr_scale);

    Context& context_;
    std::vector<Parameter*> parameters_;
    std::vector<ParameterGroup> groups_;
};

}  // namespace heed
