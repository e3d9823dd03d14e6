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

/// Contiguous elements of the flat buffers of one parameter group.
struct GroupRange {
    size_t group = 0;
    int64_t begin = 0, end = 0;

    int64_t size() const { return end - begin; }
};

/// Changes the parameters by their gradients, one pass over each flat buffer.
class Optimizer {
public:
    explicit Optimizer(ParameterStore& store);
    virtual ~Optimizer() = default;

    /// One step with the gradients times `gradient_scale`; `step` counts from 1.
    virtual void step(int64_t step, double lr, double gradient_scale) = 0;

    std::vector<OptimizerState>& states() { return states_; }

    /// From now on it updates these ranges alone and keeps no state of others; to be called before the first step. The
    /// buffers of states() are then as long as the ranges of their group, one behind the other.
    void restrict_to(const std::vector<GroupRange>& owned);
    bool is_restricted() const { return restricted_; }
    /// The states laid out as the parameters are, zero outside of what it updates.
    std::vector<OptimizerState> whole_states() const;
    /// Takes its own part of such states.
    void take_states(const std::vector<OptimizerState>& whole);

protected:
    /// A new state of zeros; its index in states().
    size_t add_state(std::string name, bool of_squares = false);

    /// Elements that are updated in one pass.
    struct Piece {
        size_t group = 0;
        int64_t begin = 0, count = 0;
        int64_t in_state = 0;  ///< where they begin in the buffers of states
    };
    const std::vector<Piece>& pieces() const { return pieces_; }
    /// Memory of a state for a piece.
    float* state(size_t index, const Piece& piece) {
        return states_[index].buffers[piece.group].f32() + piece.in_state;
    }

    ParameterStore& store_;
    std::vector<OptimizerState> states_;

private:
    std::vector<Piece> pieces_;
    bool restricted_ = false;
};

/// Writes the sum of the squares of each group's gradients to squares, f64 [groups] of zeros on the device, in an order
/// that does not depend on threads.
void gradient_squares(const ParameterStore& store, const Tensor& squares);
/// The same of each of these ranges, squares f64 [ranges].
void gradient_squares(const ParameterStore& store, const std::vector<GroupRange>& ranges, const Tensor& squares);

}  // namespace heed
