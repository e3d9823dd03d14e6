#pragma once

#include <string>
#include <vector>

#include "heed/core/module/parameter_store.h"

namespace heed {

/// One of the values that an optimizer keeps for every parameter, laid out as the parameters are.
struct OptimizerState {
    std::string name;             ///< "first_moment", ...
    bool of_squares = false;      ///< a mean of squares: never negative
    std::vector<Tensor> buffers;  ///< one a parameter group; undefined for frozen groups
};

/// Changes the parameters by their gradients, one pass over each flat buffer.
class Optimizer {
public:
    explicit Optimizer(ParameterStore& store) : store_(store) {}
    virtual ~Optimizer() = default;

    /// One step with the gradients times `gradient_scale`; `step` counts from 1.
    virtual void step(int64_t step, double lr, double gradient_scale) = 0;

    std::vector<OptimizerState>& states() { return states_; }

protected:
    /// A new state of zeros; its index in states().
    size_t add_state(std::string name, bool of_squares = false);

    ParameterStore& store_;
    std::vector<OptimizerState> states_;
};

/// Writes the sum of the squares of each group's gradients to squares, f64 [groups] of zeros on the device, in an order
/// that does not depend on threads.
void gradient_squares(const ParameterStore& store, const Tensor& squares);

}  // namespace heed
